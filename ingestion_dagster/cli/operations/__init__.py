"""Commands for whoever runs the system: everything together, its database, its webserver, its figures."""
