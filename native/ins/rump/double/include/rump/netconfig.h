/* What the INS uses of <rump/netconfig.h>, which has no guard. */
int rump_pub_netconfig_ifcreate(const char *);
int rump_pub_netconfig_ifup(const char *);
int rump_pub_netconfig_ifsetlinkstr(const char *, const char *);
int rump_pub_netconfig_ipv4_ifaddr(const char *, const char *, const char *);
int rump_pub_netconfig_ipv6_ifaddr(const char *, const char *, int);
int rump_pub_netconfig_ipv4_gw(const char *);
int rump_pub_netconfig_ipv6_gw(const char *);
