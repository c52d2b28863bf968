package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

const frameworksAbout = `List the frameworks: which runtimes each can have, the memory that an app of it gets, and the rules of its manifest, by which
clients recognise it and staging plugins find the main file. The manifests are config/frameworks/*.yml.`

func (s *session) frameworksCommand() *cobra.Command {
	c := &cobra.Command{Use: "frameworks", Short: "List the frameworks that apps can be of", Long: frameworksAbout, Args: noArgs}
	s.jsonFlag(c)
	c.RunE = func(*cobra.Command, []string) error {
		plugins := map[string]bool{}
		for _, name := range builtin.Set().Names() {
			plugins[name] = true
		}
		if s.json {
			return s.printJSON(frameworkRecords(plugins))
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "FRAMEWORK\tRUNTIME\tOF 2012\tMEMORY\tDETECTION")
		for _, f := range framework.All() {
			name := f.Name
			if !plugins[name] {
				name += " (no plugin)"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%d MB\t%s\n", name, orDash(f.Today), orDash(strings.Join(f.Runtimes, " ")), f.Memory, orDash(rulesOf(f)))
		}
		return w.Flush()
	}
	return c
}

// frameworkRecords are the manifests in their own words, and what minicf adds to them.
func frameworkRecords(plugins map[string]bool) []map[string]any {
	var records []map[string]any
	for _, f := range framework.All() {
		detection := f.Detection
		if detection == nil {
			detection = protocol.Detection{}
		}
		records = append(records, map[string]any{
			"name": f.Name, "runtimes": f.Runtimes, "default_runtime": f.Default, "today": f.Today, "memory": f.Memory,
			"detection": detection, "plugin": plugins[f.Name],
		})
	}
	return records
}

// rulesOf is the detection in one line.
func rulesOf(f framework.Framework) string {
	var rules []string
	for _, r := range f.Detection {
		switch {
		case r.Pattern != "":
			rules = append(rules, fmt.Sprintf("%s ~ %s", r.Glob, r.Pattern))
		case r.Exists:
			rules = append(rules, r.Glob)
		default:
			rules = append(rules, "no "+r.Glob)
		}
	}
	return strings.Join(rules, ", ")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
