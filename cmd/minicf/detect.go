package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/framework"
)

const detectAbout = `Say which framework the app in DIR is of, as vmc did before a push, and which runtime demo and deploy take for it.
An app of no framework is standalone, if its Procfile (web: …) or --command says how it is started.
--explain lists every framework, the rule that was asked, and the file that decided.`

func (s *session) detectCommand() *cobra.Command {
	var explain bool
	var command string
	c := &cobra.Command{
		Use: "detect [DIR]", Short: "Say which framework an app is of, and why", Long: detectAbout, Args: atMostOne,
		Example: "  minicf detect apps/sinatra --explain",
	}
	s.jsonFlag(c)
	c.Flags().BoolVar(&explain, "explain", false, "say which rule on which file decided, and why the others did not")
	c.Flags().StringVarP(&command, "command", "c", "", "how the app is started, if it is of no framework")
	c.RunE = func(c *cobra.Command, args []string) error {
		dir := s.dir
		if len(args) == 1 {
			dir = s.path(args[0])
		}
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return &coded{error: fmt.Errorf("%s is not a directory", dir), code: exitNotFound}
		}
		found, err := framework.Detect(c.Context(), dir)
		if err != nil {
			return err
		}
		if command != "" && found.Framework.Name == "standalone" {
			found.Command = command
			found.Runtime = cmp.Or(framework.RuntimeOfCommand(command), found.Runtime)
			found.Memory = found.Framework.MemoryFor(found.Runtime)
		}
		return s.tellDetection(dir, found, explain)
	}
	return c
}

// tellDetection prints what was found. Nothing being found is an error, after the explanation if that was asked for.
func (s *session) tellDetection(dir string, found framework.Result, explain bool) error {
	unknown := found.Unknown()
	if unknown != "" && !explain {
		return &client.StandaloneError{Dir: dir, Looked: unknown}
	}
	print := s.printDetection
	if s.json {
		print = func(r framework.Result, explain bool) error { return s.printJSON(detectRecord(r, explain)) }
	}
	if err := print(found, explain); err != nil || unknown == "" {
		return err
	}
	s.json = false // one document is out: the error goes to standard error
	return &client.StandaloneError{Dir: dir, Looked: unknown}
}

// considered is what detection has asked for. To vmc what fits nothing was standalone; without a start command nothing can be done with it.
func considered(r framework.Result) []framework.Considered {
	all := slices.Clone(r.Considered) // the result stays as it is
	for i, c := range all {
		if c.Matched && r.Unknown() != "" {
			all[i].Matched = false
			all[i].Reason = c.Reason + ", but neither a Procfile nor --command says how to start it"
		}
	}
	return all
}

func detectRecord(r framework.Result, explain bool) map[string]any {
	record := map[string]any{
		"framework": r.Framework.Name, "runtime": client.DefaultRuntime(r), "vmc_runtime": r.Runtime, "memory": r.Memory,
		"command": r.Command, "known": r.Unknown() == "",
	}
	if explain {
		var all []map[string]any
		for _, c := range considered(r) {
			all = append(all, map[string]any{
				"framework": c.Framework, "matched": c.Matched, "rule": c.Rule, "file": c.File, "reason": c.Reason,
			})
		}
		record["considered"] = all
	}
	return record
}

// runtimeOf is the runtime that minicf uses for an app, and in brackets the one that vmc would have asked for.
func runtimeOf(r framework.Result) string {
	used := client.DefaultRuntime(r)
	switch {
	case used == "":
		return "(say which)"
	case r.Runtime != used:
		return fmt.Sprintf("%s (vmc: %s)", used, r.Runtime)
	}
	return used
}

func startedBy(r framework.Result) string {
	if r.Command == "" {
		return ""
	}
	return ", started by " + oneLine(r.Command)
}

func (s *session) printDetection(r framework.Result, explain bool) error {
	if r.Unknown() != "" {
		fmt.Fprintln(s.out, "no framework, and no start command")
	} else {
		fmt.Fprintf(s.out, "%s  runtime %s, %d MB%s\n", r.Framework.Name, runtimeOf(r), r.Memory, startedBy(r))
	}
	if !explain {
		return nil
	}
	fmt.Fprintln(s.out)
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, c := range considered(r) {
		mark := "no"
		if c.Matched {
			mark = "YES"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", mark, c.Framework, c.Rule, oneLine(c.Reason))
	}
	return w.Flush()
}

// oneLine is a text that an app has a part in, such as the name of a file, as a terminal may have it: on one line, and without what it
// would obey.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
