"""Asks for names and interfaces in every way that Python has, and prints what is told: the same natively and behind the
gateway. The name server is that of names.sh."""
import socket
import threading

TCP = socket.SOCK_STREAM


def tell(what, ask):
    try:
        answer = ask()
    except OSError as error:  # gaierror and herror are two
        answer = f"{type(error).__name__} {error.args[0]}"
    print(what, answer)


def info(node, service, **hints):
    return lambda: [(f.name, t.name, p, c, a) for f, t, p, c, a in socket.getaddrinfo(node, service, **hints)]


tell("a name", info("www.example.test", "http", type=TCP))
tell("a short name", info("www", 80, type=TCP))
tell("a name of /etc/hosts", info("fromfile", "https", type=TCP))
tell("its canonical name", info("alias.example.test", 1, type=TCP, flags=socket.AI_CANONNAME))
tell("IPv4", info("www.example.test", 80, type=TCP, family=socket.AF_INET))
tell("IPv6", info("www.example.test", 80, type=TCP, family=socket.AF_INET6))
tell("IPv6 or mapped", info("four.example.test", 80, type=TCP, family=socket.AF_INET6, flags=socket.AI_V4MAPPED))
tell("configured", info("www.example.test", 80, type=TCP, flags=socket.AI_ADDRCONFIG))
tell("localhost, configured", info("localhost", 80, type=TCP, flags=socket.AI_ADDRCONFIG))
tell("a link-local address", info("fe80::1%lo", 80, type=TCP))
tell("a number", info("192.0.2.7", 80, type=TCP, flags=socket.AI_NUMERICHOST))
tell("no number", info("www.example.test", 80, flags=socket.AI_NUMERICHOST))
tell("passive", info(None, 80, type=TCP, family=socket.AF_INET, flags=socket.AI_PASSIVE))
tell("no service", info("www.example.test", "no-such-service"))
tell("no name", info("missing.invalid", 80))
tell("a name without the address", info("four.example.test", 80, family=socket.AF_INET6))
tell("gethostbyname", lambda: socket.gethostbyname("www.example.test"))
tell("gethostbyname_ex", lambda: socket.gethostbyname_ex("alias.example.test"))
tell("gethostbyname, no name", lambda: socket.gethostbyname("missing.invalid"))
tell("gethostbyaddr", lambda: socket.gethostbyaddr("192.0.2.7"))
tell("gethostbyaddr, IPv6", lambda: socket.gethostbyaddr("2001:db8::7"))
tell("gethostbyaddr, no name", lambda: socket.gethostbyaddr("192.0.2.222"))
tell("getnameinfo", lambda: socket.getnameinfo(("192.0.2.7", 25), 0))
tell("getnameinfo, numbers", lambda: socket.getnameinfo(("192.0.2.222", 25), 0))
tell("getnameinfo, a name is required", lambda: socket.getnameinfo(("192.0.2.222", 25), socket.NI_NAMEREQD))
tell("a long answer", lambda: len(socket.getaddrinfo("long.example.test", 80, type=TCP)))
tell("if_nameindex", socket.if_nameindex)
tell("if_nametoindex", lambda: socket.if_nametoindex("lo"))
tell("if_indextoname", lambda: socket.if_indextoname(1))
tell("no interface", lambda: socket.if_nametoindex("no-such-one"))

wrong = []


def many():
    for _ in range(20):
        if socket.gethostbyname("www.example.test") != "192.0.2.7":
            wrong.append(1)


threads = [threading.Thread(target=many) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
tell("eight threads", lambda: wrong)
