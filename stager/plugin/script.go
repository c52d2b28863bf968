package plugin

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/minicf/minicf/droplet"
)

// Script is what a framework has to say about the startup script; the rest is the same for all. The DEA runs it in the
// droplet's directory as ./startup -p PORT, after putting the runtime's executable in the place of droplet.RuntimeToken.
type Script struct {
	Env     map[string]string // exported; values stand in double quotes, so $PWD and the like are expanded by the shell
	Unset   []string          // variables that must not be set
	Hook    string            // shell lines that run after these and before the app, in the droplet's directory
	Dir     string            // where the app starts, relative to the droplet's directory; "" is app
	Command string            // starts the app, in the foreground, and is used as it is; "$@" is -p PORT
	Grouped bool              // the command stands in ( … ), as in the text of March 2013 (T3), whatever era is asked for
}

// Text is the script. Its lines are, and always were: the variables, sorted; the hook; the start in the background; and
// the app's pid, appended to run.pid, where the DEA looks for it. Blank lines, also those of the hook and the command,
// are left out.
func (s Script) Text(t Text) string {
	dir := s.Dir
	if dir == "" {
		dir = droplet.AppDir
	}
	base, command := "..", s.Command
	lines := []string{"#!/bin/bash", s.variables(), s.Hook}
	if s.Grouped {
		command = "(" + command + ")"
	}
	if t == T2 || s.Grouped {
		base = "$DROPLET_BASE_DIR"
		lines = append(lines, "DROPLET_BASE_DIR=$PWD")
	}
	lines = append(lines,
		"cd "+dir,
		fmt.Sprintf("%s > %s/logs/stdout.log 2> %s/logs/stderr.log &", command, base, base),
		"STARTED=$!",
		fmt.Sprintf(`echo "$STARTED" >> %s/run.pid`, base),
		"wait $STARTED",
	)
	return withoutBlankLines(strings.Join(lines, "\n"))
}

// variables are the statements, sorted bytewise as lines: every export stands before every unset.
func (s Script) variables() string {
	env := map[string]string{"TMPDIR": "$PWD/" + droplet.TmpDir}
	maps.Copy(env, s.Env)
	var lines []string
	for _, name := range s.Unset {
		delete(env, name)
		lines = append(lines, "unset "+name)
	}
	for name, value := range env {
		lines = append(lines, `export `+name+`="`+value+`"`)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// withoutBlankLines ends every line but drops those that show nothing: an app without a hook, for one, has an empty line in its place.
func withoutBlankLines(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		if strings.Trim(line, " \t\r\n\f\v") != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// StopText is the stop script, the same in both eras. The DEA calls it with the pid from run.pid; it kills the app and
// then the app's parent, which is the shell that runs startup.
const StopText = `#!/bin/bash
export TMPDIR="$PWD/tmp"
APP_PID=$1
APP_PPID=` + "`ps -o ppid= -p $APP_PID`" + `
kill -9 $APP_PID
kill -9 $APP_PPID
`

// ModernStopText is StopText for the runtimes of today: it kills the app's parent only if that is the shell that runs startup.
// If that is gone already, the parent is whoever adopts orphans, and he may be init (bug Q12).
const ModernStopText = `#!/bin/bash
export TMPDIR="$PWD/tmp"
APP_PID=$1
APP_PPID=` + "`ps -o ppid= -p $APP_PID`" + `
kill -9 $APP_PID
case "` + "`ps -o args= -p $APP_PPID`" + `" in
  *startup*) kill -9 $APP_PPID ;;
esac
`

// StopText is the stop script for the app's runtime.
func (w *Workspace) StopText() string {
	if w.Modern() {
		return ModernStopText
	}
	return StopText
}

// WriteStartup writes the startup script (mode 0500). As in 2012 the file is there, empty, before build is asked what to
// say, so a droplet whose staging failed at that point has an empty startup (0644) and no stop.
func (w *Workspace) WriteStartup(build func() (Script, error)) error {
	f, err := w.create(droplet.StartupFile)
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := build()
	if err != nil {
		return err
	}
	return finish(f, s.Text(w.Text))
}

// WriteStop writes the stop script (mode 0500).
func (w *Workspace) WriteStop(text string) error {
	f, err := w.create(droplet.StopFile)
	if err != nil {
		return err
	}
	defer f.Close()
	return finish(f, text)
}

func (w *Workspace) create(name string) (*os.File, error) {
	f, err := w.dest.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("dest_dir: %w", err)
	}
	if err := f.Chmod(0o644); err != nil { // the mode above is subject to the umask
		f.Close()
		return nil, fmt.Errorf("dest_dir: %w", err)
	}
	return f, nil
}

func finish(f *os.File, text string) error {
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	if err := f.Chmod(scriptMode); err != nil {
		return err
	}
	return f.Close()
}
