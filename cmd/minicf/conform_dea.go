package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/conform"
	"github.com/minicf/minicf/conform/deacases"
)

func (s *session) conformDEA() *cobra.Command {
	var f conformFlags
	var id, runtime, droplet, signal string
	var pid int
	c := &cobra.Command{
		Use: "dea", Short: "Test a DEA", Args: noArgs, Long: "Test the DEA on the bus; of several, the first that answers.\n\n" + conformAbout,
		Example: "  minicf conform dea --core\n  minicf conform dea --run '^discover/'\n  minicf conform dea --nats nats://127.0.0.1:4222 --json\n" +
			"  minicf conform dea --run '^signal/' --pid 4711 --signal USR2",
	}
	s.conformFlags(c, &f)
	flags := c.Flags()
	flags.StringVar(&id, "id", "", "id of the DEA, where there are several")
	flags.StringVar(&runtime, "runtime", "", "runtime of the apps that it is given (default: the first that it serves)")
	flags.StringVar(&droplet, "droplet", "", "a droplet of yours, which it must run, too")
	flags.IntVar(&pid, "pid", 0, "the DEA's process, which may be sent a signal at the end")
	flags.StringVar(&signal, "signal", "", "which: TERM, USR2, or KILL if something starts the DEA again")
	c.RunE = func(c *cobra.Command, _ []string) error {
		o, err := s.conformOptions(f, conform.DEACases())
		if err != nil {
			return err
		}
		if f.list {
			return s.listCases(conform.DEACases(), o)
		}
		o.DEA, o.Runtime = id, runtime
		if o.Signal, err = dyingWords(pid, signal); err != nil {
			return err
		}
		if droplet != "" {
			if o.Droplet, err = os.ReadFile(s.path(droplet)); err != nil {
				return &coded{error: fmt.Errorf("read the droplet: %w", err), code: exitNotFound}
			}
		}
		return s.conform(c, o, f, conform.DEA)
	}
	return c
}

// dyingWords are what the kit may do to the DEA's process.
func dyingWords(pid int, name string) (*deacases.Signal, error) {
	if pid == 0 && name == "" {
		return nil, nil
	}
	signals := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "USR2": syscall.SIGUSR2, "KILL": syscall.SIGKILL}
	sig, known := signals[name]
	if pid < 2 || !known {
		return nil, &coded{error: errors.New("--pid and --signal belong together"), code: exitUsage, hint: "--pid 4711 --signal TERM, USR2 or KILL"}
	}
	return &deacases.Signal{Name: name, Send: func() error { return syscall.Kill(pid, sig) }}, nil
}
