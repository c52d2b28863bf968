package stager

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minicf/minicf/internal/confine"
	"github.com/minicf/minicf/stager/plugin"
)

// confinement keeps what plugins run apart (secure: true): a tool, and whatever it starts, sees the files of its own staging, the places in the caches
// that it was handed, its runtime and the system's programs, and nothing of other apps or of who runs the stager. It signals nobody else, and gets no new
// privileges.
//
// In 2012 tools ran as one of 32 users, vcap-stager-user-1 to -32, of whom each staging had one to itself. That took root, sudo and the users.
type confinement struct {
	shim confine.Shim
	tmp  string // directory of all workspaces
}

// newConfinement fails where nothing of the kind can be had: whoever asked for it is not to believe that it is there.
func newConfinement(cfg Config) (*confinement, error) {
	switch {
	case confine.Version() == 0:
		return nil, &InsecureError{Why: "this machine has no Landlock to confine with what plugins run"}
	case !cfg.Shim.Ready():
		return nil, &InsecureError{Why: "this program cannot start itself again, as it has to for each tool"}
	}
	return &confinement{shim: cfg.Shim, tmp: cfg.Dirs.Tmp}, nil
}

// runner runs the tools of the staging whose workspace is dir.
func (c *confinement) runner(dir string) runner {
	return runner{confine: func(cmd *exec.Cmd, a plugin.Access) (started func() error, err error) {
		start, err := c.shim.Confine(confine.Program{Path: cmd.Path, Args: cmd.Args, Env: cmd.Env}, c.rights(cmd, dir, a))
		if err != nil {
			return nil, err
		}
		// The shim has nothing of the tool's environment.
		cmd.Path, cmd.Args, cmd.Env, cmd.ExtraFiles = start.Path, start.Args, []string{}, start.Files
		return start.Started, nil
	}}
}

// rights are those of a tool. Programs and buildpacks are what the request names, but never another staging's.
func (c *confinement) rights(cmd *exec.Cmd, dir string, a plugin.Access) confine.Rights {
	read := slices.DeleteFunc(append(programs(cmd), a.Read...), func(path string) bool { return within(c.tmp, path) || within(path, c.tmp) })
	return confine.Rights{Read: read, Write: append([]string{dir}, a.Write...), Scoped: true}
}

// programs are the homes of the program and of those that it finds in its PATH.
func programs(cmd *exec.Cmd) []string {
	all := confine.Home(cmd.Path, cmd.Dir)
	at := slices.IndexFunc(cmd.Env, func(pair string) bool { return strings.HasPrefix(pair, "PATH=") })
	if at < 0 {
		return all
	}
	for _, dir := range filepath.SplitList(strings.TrimPrefix(cmd.Env[at], "PATH=")) {
		all = append(all, confine.Home(filepath.Join(dir, "any"), cmd.Dir)...)
	}
	return all
}

// within reports whether path is dir or below it, as both really are.
func within(dir, path string) bool {
	for _, p := range []*string{&dir, &path} {
		if real, err := filepath.EvalSymlinks(*p); err == nil {
			*p = real
		}
	}
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// InsecureError is that secure: true is asked for where it cannot be had.
type InsecureError struct{ Why string }

func (e *InsecureError) Error() string { return "secure: true: " + e.Why }

// Hint is what to do about it.
func (e *InsecureError) Hint() string {
	return "it takes Linux 5.13 or later with landlock in /sys/kernel/security/lsm; or set secure: false in stager.yml, and stage only apps that you trust"
}
