from own_servers import lab, servers

__all__ = ["lab", "servers"]
