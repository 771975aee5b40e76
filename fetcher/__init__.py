"""Makes a model be there: resolve, download, verify, install. Every download of the project goes through here."""
