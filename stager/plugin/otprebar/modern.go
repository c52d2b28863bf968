package otprebar

import (
	"context"
	"regexp"
	"strings"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/plugin"
)

// stageModern is for an Erlang of today. A release brings the virtual machine and the libraries that it was built with, and may run
// on them whatever this machine has: nothing is refused. What the machine has in the same version takes their place when the
// instance starts. In 2012 the links to it were in the droplet, which ran only where Erlang was at the same path.
func stageModern(ctx context.Context, w *plugin.Workspace) error {
	r, err := findRelease(ctx, w)
	if err != nil {
		return err
	}
	lines, err := r.addArgs(w)
	if err != nil {
		return err
	}
	script := plugin.Script{
		Env:     map[string]string{"PORT": "$VCAP_APP_PORT", "ERL_EPMD_ADDRESS": "127.0.0.1"},
		Hook:    r.useMachine(),
		Command: strings.Join(append(lines, strings.TrimSpace("bin/"+r.name+" "+r.action)), "\n"),
	}
	if err := w.WriteStartup(func() (plugin.Script, error) { return script, nil }); err != nil {
		return err
	}
	if err := w.WriteStop(w.StopText()); err != nil {
		return err
	}
	return w.Chmod("app/bin/"+r.name, 0o755)
}

// useMachine is the part of the startup script that takes from the machine what it has: the release may have been built on another
// kind of system, or without these parts. The program is in Erlang's own bin/, or a link to there.
func (r release) useMachine() string {
	if len(r.parts) == 0 {
		return ""
	}
	return `ERLANG=$(dirname "$(dirname "$(readlink -f "` + droplet.RuntimeToken + `")")")
for part in ` + strings.Join(r.parts, " ") + `; do
  if [ -d "$ERLANG/$part" ]; then
    rm -rf "app/$part"
    ln -s "$ERLANG/$part" "app/$part"
  fi
done`
}

// addArgs prepares the arguments of the virtual machine, and returns the shell lines that complete them when the instance starts.
func (r release) addArgs(w *plugin.Workspace) ([]string, error) {
	if r.args == "" {
		return nil, nil
	}
	old, err := w.ReadApp(r.args)
	if err != nil {
		return nil, &plugin.StagingError{Message: err.Error()}
	}
	text, named := unnamed(old, "-name ", "-sname ")
	text += "\n+B\n-noinput\n"
	lines, err := vmcArgs(w, r.args)
	if err != nil {
		return nil, err
	}
	if named { // a name of its own for each instance, which only this machine can reach
		text += "-kernel inet_dist_use_interface {127,0,0,1}\n"
		lines = append(lines, `echo "-name erl$VCAP_APP_PORT@127.0.0.1" >>`+r.args)
	}
	return lines, w.Write("app/"+r.args, []byte(text), 0o644)
}

// How the scripts of releases begin the part that keeps the virtual machine in the foreground: those of rebar 3, and those of the
// first rebar, which only had a console.
var (
	foreground = regexp.MustCompile(`(?m)^\s*([\w|]+\|)?foreground(\|[\w|]+)?\)`)
	console    = regexp.MustCompile(`(?m)^\s*([\w|]+\|)?console(\|[\w|]+)?\)`)
)

// action is what the release's script has to be asked for; "" for one that knows nothing but to start.
func action(script []byte) string {
	switch {
	case foreground.Match(script):
		return "foreground"
	case console.Match(script):
		return "console"
	}
	return ""
}
