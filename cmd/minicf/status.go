package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/sandbox"
)

func (s *session) statusCommand() *cobra.Command {
	c := &cobra.Command{Use: "status", Short: "List the components that run on the data dir", Args: noArgs}
	s.jsonFlag(c)
	c.RunE = func(*cobra.Command, []string) error {
		home, err := s.home()
		if err != nil {
			return err
		}
		all, err := sandbox.Find(home)
		if err != nil {
			return err
		}
		if s.json {
			return s.printJSON(map[string]any{"data_dir": home, "components": append([]sandbox.Running{}, all...)})
		}
		if len(all) == 0 {
			return s.notRunning("component", "--nats")
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "COMPONENT\tPID\tUP\tURL")
		for _, r := range all {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", r.Component, r.PID, time.Since(r.Started).Round(time.Second), r.URL)
		}
		return w.Flush()
	}
	return c
}
