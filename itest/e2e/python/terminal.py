"""Types on the terminal of a command that is an interactive shell of the gateway: its words are the arguments. Prints ok lines."""
import fcntl, os, pty, select, signal, struct, sys, termios, time

def check(sentence, condition, shown=""):
    print(("ok - " if condition else "not ok - ") + sentence + ("" if condition else ": " + repr(shown[-400:])))
    return condition

pid, master = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    signal.signal(signal.SIGINT, signal.SIG_DFL) # ignored in what a shell started in the background
    os.execvp(sys.argv[1], sys.argv[1:])

fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
seen = ""
def until(what, seconds=60):
    """Reads until the text comes; what was read up to then, or all that came in the time."""
    global seen
    end = time.monotonic() + seconds
    while what not in seen and time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 65536).decode("utf-8", "replace")
            except OSError:
                break
    at = seen.find(what)
    read, seen = (seen[:at + len(what)], seen[at + len(what):]) if at >= 0 else (seen, "")
    return at >= 0, read

def type_(text):
    os.write(master, text.encode())

ok, text = until("ringfence> ")
check("the shell has a prompt on a terminal", ok, text)
type_("laten\t")
ok, text = until("latency")
check("tab completes a command", ok, text)
type_("\x15") # Ctrl-U: the line is begun anew
type_("connections --so\t")
ok, text = until("--sort")
check("tab completes an option", ok, text)
type_(" by\t")
ok, text = until("bytes")
check("tab completes an option's value", ok, text)
type_("\r")
ok, text = until("ringfence> ")
check("the line is run", ok and ("JUDGED" in text or "none yet" in text), text)
# whatever has the terminal at that moment: the line editor, the command, or what is between them
for _ in range(40):
    type_("\r\x03")
    time.sleep(0.02)
type_("\x15ins\r")
ok, text = until("SILENT")
check("Ctrl-C at any moment does not end the shell", ok, text)
until("ringfence> ")
type_("trace\r")
for attempt in range(20): # the first may come before the command has begun
    time.sleep(0.2)
    type_("\x03")
    ok, text = until("ringfence> ", 3)
    if ok:
        break
check("Ctrl-C ends the command and not the shell", ok, text)
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 90, 0, 0))
drained = True
while drained: # what was typed too often above
    drained = until("ringfence> ", 1)[0]
type_("connections --top 1\r")
ok, text = until("ringfence> ")
check("the shell goes on when the terminal has another size", ok and ("JUDGED" in text or "none yet" in text), text)
type_("\x1bOA\x1bOA")
ok, text = until("trace")
check("the history has the earlier lines", ok, text)
type_("\x15\x04")
end = time.monotonic() + 30
ended, status = 0, -1
while not ended and time.monotonic() < end:
    until("\0", 0.1) # what it still says has to be read
    ended, status = os.waitpid(pid, os.WNOHANG)
if not ended:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
check("Ctrl-D leaves", ended and os.waitstatus_to_exitcode(status) in (0, 130), str(status))
