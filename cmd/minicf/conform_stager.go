package main

import (
	"syscall"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/conform"
)

func (s *session) conformStager() *cobra.Command {
	var f conformFlags
	var queue string
	var pid int
	c := &cobra.Command{
		Use: "stager", Short: "Test a stager", Args: noArgs, Long: "Test the stagers that share a queue on the bus.\n\n" + conformAbout,
		Example: "  minicf conform stager --core\n  minicf conform stager --run '^droplet/'\n  minicf conform stager --run '^signal/' --pid 4711",
	}
	s.conformFlags(c, &f)
	c.Flags().StringVar(&queue, "queue", "", "subject that the stager serves (default staging)")
	c.Flags().IntVar(&pid, "pid", 0, "the stager's process, which may be asked to end (USR2) when all else is tried")
	c.RunE = func(c *cobra.Command, _ []string) error {
		o, err := s.conformOptions(f, conform.StagerCases())
		if err != nil {
			return err
		}
		if f.list {
			return s.listCases(conform.StagerCases(), o)
		}
		o.Queue = queue
		if pid != 0 {
			if pid < 2 {
				return usageError("--pid %d: that is no stager", pid)
			}
			o.Drain = func() error { return syscall.Kill(pid, syscall.SIGUSR2) }
		}
		return s.conform(c, o, f, conform.Stager)
	}
	return c
}
