"""Sage X3's CRM over SOAP, as one side of a synchronisation.

`X3` is the connection, `Crm` the endpoint of one user, `site` what an installation has to know and check. The only room
that knows X3's wire format and its field names.
"""

from x3_adapter.crm import Crm, CrmScope
from x3_adapter.mapping import Tables
from x3_adapter.soap import X3, Counters, X3Connection
from x3_adapter.token import Jwt

__all__ = ["X3", "Counters", "Crm", "CrmScope", "Jwt", "Tables", "X3Connection"]
