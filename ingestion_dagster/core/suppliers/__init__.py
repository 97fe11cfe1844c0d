"""Who suppliers are and how their lists are to be read: settings, keys, links, the registry sheet."""
