"""The front page until the console comes: plain, without scripts, nothing from elsewhere."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>x3sync</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
body { color: #1b1f24; background: #fff; }
a { color: #0b5cad; } code { background: #eef1f4; padding: 0 .25rem; border-radius: .2rem; }
@media (prefers-color-scheme: dark) {
  body { color: #e6e8eb; background: #16191d; } a { color: #7db8f5; } code { background: #262b31; }
}
</style>
</head>
<body>
<h1>x3sync</h1>
<p>Keeps the CRM of Sage X3 and Microsoft 365 mailboxes in step. The web console comes later; until then the
command line shows everything: <code>x3sync --help</code>.</p>
<ul>
<li><a href="/healthz">Health</a> and <a href="/readyz">readiness</a></li>
<li><a href="/metrics">Metrics</a> for Prometheus</li>
<li><a href="/api/v1/users">Users</a> and <a href="/api/v1/passes">passes</a>, as JSON</li>
<li><a href="/api/openapi.json">OpenAPI</a> description</li>
</ul>
</body>
</html>
"""
