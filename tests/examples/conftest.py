from own_servers import guarded_lab, guarded_servers, lab, servers

__all__ = ["guarded_lab", "guarded_servers", "lab", "servers"]
