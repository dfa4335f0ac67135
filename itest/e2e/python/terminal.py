"""Types on the shell's terminal: argument 1 the ringfence command. Prints ok lines."""
import fcntl, os, pty, select, signal, struct, subprocess, sys, termios, time

def check(sentence, condition, shown=""):
    print(("ok - " if condition else "not ok - ") + sentence + ("" if condition else ": " + repr(shown[-400:])))
    return condition

pid, master = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    signal.signal(signal.SIGINT, signal.SIG_DFL) # ignored in what a shell started in the background
    os.execv(sys.argv[1], [sys.argv[1], "shell"])

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
type_("trace\r")
until("\x1b[?2004l")
# The terminal is the command's when the shell's stty(1), which Ctrl-C would end, has seen to that.
tty = os.readlink(f"/proc/{pid}/fd/0").removeprefix("/dev/")
quiet, end = 0, time.monotonic() + 30
while quiet < 4 and time.monotonic() < end:
    time.sleep(0.1)
    busy = subprocess.run(["pgrep", "-x", "-t", tty, "stty"], stdout=subprocess.DEVNULL).returncode == 0
    quiet = 0 if busy or not termios.tcgetattr(master)[3] & termios.ICANON else quiet + 1
for attempt in range(20): # the first may come before the command has begun
    type_("\x03")
    ok, text = until("ringfence> ", 3)
    if ok:
        break
check("Ctrl-C ends the command and not the shell", ok, text)
type_("\x1bOA\x1bOA")
ok, text = until("connections --sort")
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
