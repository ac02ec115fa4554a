"""Virtual networks, subnets, security groups, public addresses, network interfaces."""
