"""Microsoft Graph, and nothing else: the only package that imports the SDK, kiota and azure-identity.

`Graph` (client.py) sends, `Mailbox` (mailbox.py) is one user's side of a pass, `directory.py` finds users and folders,
`subscriptions.py` and `notifications.py` serve the webhook.
"""
