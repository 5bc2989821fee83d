"""Sage X3 as its SOAP web services show it: CAdxWebServiceXmlCC over a folder with the CRM tables."""
