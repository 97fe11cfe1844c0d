"""Programs for whoever works on the code: certificates, lock files, the documentation as a site. Nothing here is in the
wheel, and the package imports nothing from here."""
