package apps_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/sandbox/sandboxtest"
)

// Two instances of one node name could not live on one machine: each gets its own.
func TestErlangRelease(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "erl", "erlc", "bash", "ps")
	dir := filepath.Join(t.TempDir(), "release")
	buildRelease(t, dir)
	sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, Want: "Hello from erl"})
}

// A release that was built on another kind of system, or without the virtual machine, takes this machine's.
func TestErlangReleaseBuiltElsewhere(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "erl", "erlc", "bash", "ps")
	dir := filepath.Join(t.TempDir(), "foreign")
	buildRelease(t, dir)
	machines, err := filepath.Glob(filepath.Join(dir, "erts-*/bin/beam*"))
	if err != nil || len(machines) == 0 {
		t.Fatalf("the release has no virtual machine: %v", err)
	}
	for _, m := range machines {
		write(t, m, "of another system")
	}
	for _, lib := range []string{"kernel", "stdlib"} {
		for _, dir := range glob(t, filepath.Join(dir, "lib", lib+"-*", "ebin")) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, Want: "Hello from erl"})
}

// The droplet of 2012 has links to this machine's Erlang in it. Its text is for a virtual machine that does not run here any more, so
// that the release's script has to go without.
func TestErlangReleaseForErlangOf2012(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "erl", "erlc", "bash", "ps")
	dir := filepath.Join(t.TempDir(), "period")
	buildRelease(t, dir)
	write(t, filepath.Join(dir, "releases/start_erl.data"), "5.8.2 1")
	write(t, filepath.Join(dir, "etc/vm.args"), "-name hello@127.0.0.1\n")
	write(t, filepath.Join(dir, "bin/hello"), `#!/bin/sh
test -L lib/kernel-* && test -e lib/kernel-*/ebin/kernel.app || exit 1
export PORT=$VCAP_APP_PORT
exec erl -noinput -pa lib/hello-1/ebin -eval 'application:start(hello).'
`)
	sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, As: client.Overrides{Runtime: "erlangR14B01"}, Want: "Hello from nonode"})
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %v, %v", pattern, names, err)
	}
	return names
}

// erlangApp is an application that answers on the port that it finds in its environment.
var erlangApp = map[string]string{
	"hello.erl": `-module(hello).
-behaviour(application).
-export([start/2, stop/1]).
start(_, _) ->
    {ok, spawn_link(fun listen/0)}.
stop(_) -> ok.
listen() ->
    Options = [binary, {packet, http_bin}, {active, false}, {reuseaddr, true}, {ip, {127, 0, 0, 1}}],
    {ok, Socket} = gen_tcp:listen(list_to_integer(os:getenv("PORT")), Options),
    accept(Socket).
accept(Socket) ->
    {ok, Client} = gen_tcp:accept(Socket),
    spawn(fun() -> answer(Client) end),
    accept(Socket).
answer(Client) ->
    case gen_tcp:recv(Client, 0) of
        {ok, http_eoh} ->
            Body = io_lib:format("Hello from ~s, ERTS ~s~n", [node(), erlang:system_info(version)]),
            gen_tcp:send(Client, ["HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", Body]),
            gen_tcp:close(Client);
        {ok, _} -> answer(Client);
        _ -> gen_tcp:close(Client)
    end.
`,
	"hello.app": `{application, hello, [{description, "hello"}, {vsn, "1"}, {modules, [hello]}, {registered, []},
  {applications, [kernel, stdlib]}, {mod, {hello, []}}]}.
`,
	"vm.args": "-sname hello\n-setcookie secret\n",
}

// releaseScript starts a release as that of rebar 3 does, which has ten times as many lines.
const releaseScript = `#!/bin/sh
cd "$(dirname "$0")/.."
read -r erts version < releases/start_erl.data
export ROOTDIR="$PWD" BINDIR="$PWD/erts-$erts/bin" EMU=beam PROGNAME=hello
case "$1" in
  foreground)
    exec "$BINDIR/erlexec" -noshell -boot "$PWD/releases/$version/start" -mode embedded -args_file "$PWD/releases/$version/vm.args" ;;
  *)
    echo "usage: $0 foreground"; exit 1 ;;
esac
`

// makeRelease has Erlang put the release together, with the virtual machine and the libraries that it is built with.
const makeRelease = `
Version = fun(App) -> application:load(App), {ok, V} = application:get_key(App, vsn), V end,
Erts = erlang:system_info(version),
Rel = {release, {"hello", "1"}, {erts, Erts}, [{kernel, Version(kernel)}, {stdlib, Version(stdlib)}, {hello, "1"}]},
ok = file:write_file("hello.rel", io_lib:format("~p.~n", [Rel])),
ok = systools:make_script("hello", [{path, ["."]}]),
ok = systools:make_tar("hello", [{path, ["."]}, {erts, code:root_dir()}]),
ok = erl_tar:extract("hello.tar.gz", [compressed, {cwd, "release"}]),
ok = file:write_file("release/releases/start_erl.data", [Erts, " 1"]),
halt().
`

// buildRelease makes a release in dir as rebar 3 lays it out.
func buildRelease(t *testing.T, dir string) {
	t.Helper()
	work := t.TempDir()
	for name, text := range erlangApp {
		write(t, filepath.Join(work, name), text)
	}
	write(t, filepath.Join(work, "release", "bin", "hello"), releaseScript)
	for _, argv := range [][]string{{"erlc", "hello.erl"}, {"erl", "-noinput", "-eval", strings.TrimSpace(makeRelease)}} {
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Dir = work
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", argv[0], err, out)
		}
	}
	release := filepath.Join(work, "release")
	for _, name := range []string{"vm.args", "hello.rel", "hello.boot"} {
		text, err := os.ReadFile(filepath.Join(work, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(release, "releases/1", name), string(text))
	}
	if err := os.Rename(release, dir); err != nil {
		t.Fatal(err)
	}
}
