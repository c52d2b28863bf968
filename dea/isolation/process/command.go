package process

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/minicf/minicf/dea/isolation"
)

// Command is a script of an instance that is about to be run, in the instance's directory.
type Command struct {
	Path  string     // of the program
	Args  []string   // as the program sees them: its own name first
	Env   []string   // complete
	Files []*os.File // open in it as 3, 4, …; none as it is
	Stop  bool       // it is the stop script
}

// Wrapper changes a command into one that does something else first. started, which may be nil, is called when the command has been started, or
// could not be: its error means that the script does not run after all, and may be the system's error about that. The wrapper closes its own files
// then.
type Wrapper func(s isolation.Spec, c *Command) (started func() error, err error)

// command is one of the instance's scripts, startup or stop, ready to be started. The caller calls started, even if that fails.
func (b *Backend) command(ctx context.Context, s isolation.Spec, name string, args ...string) (cmd *exec.Cmd, started func() error, err error) {
	script := filepath.Join(s.Dir, name)
	c := &Command{Path: script, Args: append([]string{script}, args...), Env: s.Env, Stop: name == "stop"}
	started = func() error { return nil }
	if b.opts.Wrap != nil {
		wrapped, err := b.opts.Wrap(s, c)
		if err != nil {
			return nil, nil, err
		}
		if wrapped != nil {
			started = wrapped
		}
	}
	cmd = exec.CommandContext(ctx, c.Path)
	cmd.Args, cmd.Dir, cmd.ExtraFiles = c.Args, s.Dir, c.Files
	cmd.Env = append([]string{}, c.Env...) // nil would mean ours
	return cmd, started, nil
}
