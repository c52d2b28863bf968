package plugin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// systemPath is where tools find tools, behind the runtime's own directory.
const systemPath = "/usr/local/bin:/usr/bin:/bin"

// Command is a run of a program in the app's directory, with an environment of nothing but PATH, HOME, TMPDIR and LANG and
// the K=V of env: what the stager's own environment holds is nobody's business. HOME and TMPDIR are a directory of this
// staging alone, outside of the droplet, and gone afterwards.
func (w *Workspace) Command(env []string, argv ...string) (Command, error) {
	home, err := w.ScratchDir()
	if err != nil {
		return Command{}, err
	}
	path := systemPath
	if exe, ok := w.Runtime(); ok && !strings.Contains(exe, ":") {
		path = filepath.Dir(exe) + ":" + path
	}
	base := []string{"PATH=" + path, "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8"}
	return Command{Argv: argv, Dir: w.AppDir(), Env: append(base, env...), Access: Access{Read: slices.Clone(w.links)}}, nil
}

// Program is the path of the first of these programs that this machine has.
func (w *Workspace) Program(names ...string) (path string, ok bool) {
	if w.Find == nil {
		return "", false
	}
	return w.Find(names...)
}

// Runtime is the path of the program that runs the app on this machine, as far as it is known: the executable of the
// request, else the family's usual one.
func (w *Workspace) Runtime() (path string, ok bool) {
	usual := map[string]string{"ruby": "ruby", "python": "python3", "node": "node", "php": "php", "java": "java", "erlang": "erl"}
	names := []string{w.App.RuntimeInfo.Executable, usual[Family(w.App.RuntimeInfo.Name)]}
	return w.Program(slices.DeleteFunc(names, func(n string) bool { return n == "" })...)
}

// ErrNoTools is returned where a tool is needed and none may run.
var ErrNoTools = errors.New("no tools may run here")

// RunTool makes a [Workspace.Command] and runs it.
func (w *Workspace) RunTool(ctx context.Context, env []string, argv ...string) ([]byte, error) {
	return w.RunToolWith(ctx, Access{}, env, argv...)
}

// RunToolWith is RunTool for a program that uses more than the workspace: a place in a cache.
func (w *Workspace) RunToolWith(ctx context.Context, more Access, env []string, argv ...string) ([]byte, error) {
	if w.Run == nil {
		return nil, ErrNoTools
	}
	c, err := w.Command(env, argv...)
	if err != nil {
		return nil, err
	}
	c.Read, c.Write = append(c.Read, more.Read...), append(c.Write, more.Write...)
	return w.Run(ctx, c)
}

// lastLines is how much of a tool's output an error shows.
const lastLines = 15

// LastLines is what a failed tool said at its end, which is where it tells what is wrong; or else its error.
func LastLines(output []byte, err error) string {
	lines := strings.Split(strings.ToValidUTF8(string(output), "?"), "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" })
	if len(lines) == 0 {
		return err.Error()
	}
	return strings.Join(lines[max(0, len(lines)-lastLines):], "\n")
}

// ScratchDir is a directory for what tools leave behind, outside of the droplet and gone after this staging.
func (w *Workspace) ScratchDir() (string, error) {
	if w.Scratch != "" {
		return w.Scratch, nil
	}
	if w.scratch == "" {
		dir, err := os.MkdirTemp("", "minicf-staging-*")
		if err != nil {
			return "", err
		}
		w.scratch = dir
	}
	return w.scratch, nil
}
