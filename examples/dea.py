#!/usr/bin/env python3
"""A DEA in eighty lines of Python's standard library: small enough to read at once, and to change at will.

    minicf up --without dea
    python3 examples/dea.py nats://127.0.0.1:4222

It is enough for `minicf deploy`, and passes `minicf conform dea --core`. It checks no hash, enforces no limit and keeps no
crash; `minicf conform dea` tells what else is missing.
"""
import itertools, json, os, pathlib, shutil, signal, socket, subprocess, sys, tempfile, threading, time, urllib.parse, urllib.request, uuid

RUNTIMES = {name: path for name in ("ruby", "ruby19", "python3") if (path := shutil.which(name.removesuffix("19")))}
ME, IP, MEMORY = uuid.uuid4().hex, "127.0.0.1", 4096
instances, lock = {}, threading.Lock()  # by instance id; whoever looks at them, or speaks, holds the lock
url = urllib.parse.urlsplit((sys.argv + ["nats://127.0.0.1:4222"])[1])
nats = socket.create_connection((url.hostname, url.port or 4222))

def say(subject, message):  # NATS is lines of text, and payloads whose lengths they tell
    text = json.dumps(message)
    nats.sendall(f"PUB {subject} {len(text)}\r\n{text}\r\n".encode())

def free(): return MEMORY - sum(i["limits"]["mem"] for i in instances.values())
def fits(m): return m["runtime_info"]["name"] in RUNTIMES and m["limits"]["mem"] <= free()
def about(i, *more): return {key: i.get(key) for key in ("droplet", "version", "instance", "index", "cc_partition", *more)}
def route(i): return {"dea": ME, "app": i["droplet"], "host": IP, "port": i["port"], "uris": i["uris"]}
def offer(m, reply): fits(m) and say(reply, {"id": ME, "ip": IP, "port": None, "version": 0.99})  # a better DEA waits: the first answer wins
def advertise(*_): say("dea.advertise", {"id": ME, "available_memory": free(), "runtimes": list(RUNTIMES), "prod": None})
def heartbeat(some): say("dea.heartbeat", {"droplets": [about(i, "state", "state_timestamp") for i in some], "dea": ME, "prod": None})
def tags(i): return {"framework": i.get("framework"), "runtime": i["runtime_info"]["name"]}
def register(i): say("router.register", route(i) | {"tags": tags(i), "private_instance_id": i["private"]})

def turn(i, state):  # an instance starts, runs, and is stopped or crashes; everybody who must know is told
    i.update(state=state, state_timestamp=int(time.time()))
    if state == "RUNNING":
        heartbeat([i]), register(i)
    elif state != "STARTING":
        del instances[i["instance"]]
        say("router.unregister", route(i))
        say("droplet.exited", about(i) | {"reason": state} | ({"crash_timestamp": i["state_timestamp"]} if state == "CRASHED" else {}))
        i["app"] and (subprocess.run(["pkill", "-KILL", "-g", str(i["app"].pid)]), i["app"].wait())  # and whatever it has started
        shutil.rmtree(i["home"], ignore_errors=True)
    advertise()

def launch(i):  # in a thread of its own; whatever goes wrong ends it, and watch notices
    subprocess.run(["tar", "-xzf", "-", "-C", i["home"]], input=urllib.request.urlopen(i["executableUri"]).read(), check=True)
    startup = i["home"] / "startup"
    text = startup.read_text().replace("%VCAP_LOCAL_RUNTIME%", RUNTIMES[i["runtime_info"]["name"]])
    startup.chmod(0o700), startup.write_text(text)
    (i["home"] / "ubygems.rb").touch()  # scripts of 2012 make Ruby ask for it, and it has that no more
    i["port"] = socket.create_server(("", 0)).getsockname()[1]
    env = {"HOME": str(i["home"]), "RUBYLIB": str(i["home"]), "PATH": os.environ["PATH"], "VCAP_APP_HOST": IP, "VCAP_APP_PORT": str(i["port"])}
    env |= dict(pair.split("=", 1) for pair in i.get("env") or [])
    with lock:
        i["app"] = subprocess.Popen(["./startup", "-p", str(i["port"])], cwd=i["home"], env=env, start_new_session=True)

def start(m, reply):
    if fits(m):
        more = {"instance": uuid.uuid4().hex, "private": uuid.uuid4().hex * 2, "home": pathlib.Path(tempfile.mkdtemp(prefix="dea-"))}
        i = instances[more["instance"]] = m | more | {"droplet": str(m["droplet"]), "port": None, "app": None}
        i["launch"] = threading.Thread(target=launch, args=(i,), daemon=True)
        turn(i, "STARTING")
        i["launch"].start()

def stop(m, reply):
    for i in [i for i in instances.values() if i["droplet"] == str(m["droplet"]) and i["index"] in m.get("indices", [i["index"]])]:
        turn(i, "STOPPED")

def watch():  # looks twenty times a second what has become of each instance
    for tick in itertools.count():
        with lock:
            tick % 100 or (advertise(), instances and heartbeat(instances.values()))
            for i in list(instances.values()):
                if i["app"].poll() is not None if i["app"] else not i["launch"].is_alive():
                    turn(i, "CRASHED")
                elif i["app"] and i["state"] == "STARTING" and socket.socket().connect_ex((IP, i["port"])) == 0:
                    turn(i, "RUNNING")
        time.sleep(0.05)

hear = {
    "dea.discover": offer, f"dea.{ME}.start": start, "dea.stop": stop, "dea.locate": advertise,
    "healthmanager.start": lambda m, reply: instances and heartbeat(instances.values()),
    "router.start": lambda m, reply: [register(i) for i in instances.values() if i["state"] == "RUNNING"],
}
nats.sendall(b"CONNECT %s\r\n" % json.dumps({"verbose": False, "user": url.username, "pass": url.password}).encode())
nats.sendall(b"".join(b"SUB %s %d\r\n" % (subject.encode(), number) for number, subject in enumerate(hear)))
for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, lambda *_: nats.shutdown(socket.SHUT_RD))  # the lines end
threading.Thread(target=watch, daemon=True).start()
for line in (lines := nats.makefile("rb")):
    word, *rest = line.decode().split()
    payload = lines.read(int(rest[-1]) + 2) if word == "MSG" else b""
    try:
        with lock:
            word == "PING" and nats.sendall(b"PONG\r\n")
            word == "MSG" and hear[rest[0]](json.loads(payload.strip() or "null"), rest[2])
    except Exception as problem:
        print(word, *rest, "ignored:", repr(problem), file=sys.stderr)
with lock:
    [turn(i, "STOPPED") for i in list(instances.values())]
