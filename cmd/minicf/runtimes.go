package main

import (
	"context"
	"fmt"
	"sync"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/runtimes"
)

const runtimesAbout = `List the runtimes that apps can ask for: the version that the name stood for in 2012, the program of this machine that serves it and
its version, or the one command that installs it. The list is config/runtimes.yml; which program serves a name at a DEA, dea.yml says.`

func (s *session) runtimesCommand() *cobra.Command {
	c := &cobra.Command{Use: "runtimes", Short: "List the runtimes, and what serves them on this machine", Long: runtimesAbout, Args: noArgs}
	s.jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		found := lookForRuntimes(c.Context())
		if err := c.Context().Err(); err != nil {
			return err
		}
		if s.json {
			return s.printJSON(found)
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "RUNTIME\tIN 2012\tPROGRAM\tVERSION")
		for _, r := range found {
			fmt.Fprintf(w, "%s\t%s\t%s\n", r.Name, orDash(r.Version), r.here())
		}
		return w.Flush()
	}
	return c
}

// runtimeRecord is one line of the list.
type runtimeRecord struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Category    string `json:"category"`
	Version     string `json:"version"`       // of 2012
	Executable  string `json:"executable"`    // absolute, "" when there is none
	Found       string `json:"version_found"` // its version, "" when there is none
	Install     string `json:"install"`       // what installs it, "" when it is there
}

func (r runtimeRecord) here() string {
	if r.Executable == "" {
		return "-\tinstall it: " + r.Install
	}
	return r.Executable + "\t" + orDash(r.Found)
}

// lookForRuntimes asks each program once for its version, all at the same time.
func lookForRuntimes(ctx context.Context) []runtimeRecord {
	machine := runtimes.ThisMachine()
	table := runtimes.Default()
	all := runtimes.All()
	records := make([]runtimeRecord, len(all))
	var wg sync.WaitGroup
	for i, r := range all {
		wg.Go(func() {
			records[i] = runtimeRecord{Name: r.Name, Description: r.Description, Category: r.Category, Version: r.Version}
			if path, ok := runtimes.Find(table[r.Name]); ok {
				records[i].Executable = path
				records[i].Found, _ = runtimes.FoundVersion(ctx, runtimes.Run, r.Name)
				return
			}
			if f, ok := runtimes.FamilyOf(r.Name); ok {
				records[i].Install = machine.Install(f).ByHand
			}
		})
	}
	wg.Wait()
	return records
}
