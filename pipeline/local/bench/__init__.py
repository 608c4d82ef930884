"""How well reports are linked: invented reports with the truth beside them, look-alikes, and the measures."""
