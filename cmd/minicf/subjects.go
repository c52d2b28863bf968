package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/protocol"
)

func (s *session) subjectsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "subjects", Short: "List the subjects of the bus, who sends them and why", Args: noArgs,
	}
	s.jsonFlag(c)
	c.RunE = func(*cobra.Command, []string) error {
		all := protocol.Catalog()
		if s.json {
			return s.printJSON(all)
		}
		for _, e := range all {
			kind := "message"
			if e.Request {
				kind = "request"
			}
			fmt.Fprintf(s.out, "%s  (%s, %s → %s)\n    %s\n    when: %s\n", e.Subject, kind, e.From, e.To, e.About, e.When)
		}
		return nil
	}
	return c
}
