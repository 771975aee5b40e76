"""How long simulated answers take: profiles, a queue for slots, a prompt cache, on the real clock or a virtual one."""
