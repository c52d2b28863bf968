package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/internal/vcaplog"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/runtimes"
	"github.com/minicf/minicf/sandbox"
	"github.com/minicf/minicf/stager/plugin"
)

// addCompletions lets the shell complete the values of flags and the arguments of commands. What is a file or a directory is left to
// the shell; everything else has values, or none that could be known.
func addCompletions(c *cobra.Command) {
	complete := func(f *pflag.Flag) {
		if c.LocalFlags().Lookup(f.Name) == nil {
			return
		}
		// The only error is that the flag has a function already, or is not the command's: both are settled here.
		_ = c.RegisterFlagCompletionFunc(f.Name, flagValues(f.Name))
	}
	c.LocalNonPersistentFlags().VisitAll(complete)
	c.PersistentFlags().VisitAll(complete)
	if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 && c.Runnable() {
		c.ValidArgsFunction = arguments(c.Name())
	}
	if c.Name() == "completion" && c.RunE == nil { // cobra would take any name of a shell for a wish to see the help
		c.RunE = func(c *cobra.Command, args []string) error { return c.Help() }
		c.Args = noArgs
	}
	for _, sub := range c.Commands() {
		addCompletions(sub)
	}
}

// flagValues completes a flag, which means the same for every command that has it.
func flagValues(name string) cobra.CompletionFunc {
	switch name {
	case "only", "without":
		return completeList
	case "isolation":
		return fixed("process", "landlock", "fake")
	case "log-format":
		return fixed(string(vcaplog.VCAP), string(vcaplog.Text), string(vcaplog.JSON))
	case "runtime":
		return fixed(runtimeNames()...)
	case "framework":
		return fixed(frameworkNames()...)
	case "text":
		return fixed(string(plugin.T1), string(plugin.T2))
	case "app", "data-dir", "path":
		return directories
	case "format":
		return fixed("text", "tap")
	case "signal":
		return fixed("TERM", "USR2", "KILL")
	case "config", "ready-file", "droplet", "manifest":
		return files
	}
	return fixed()
}

// arguments completes what follows a command.
func arguments(command string) cobra.CompletionFunc {
	switch command {
	case "config":
		return first(sandbox.Names()...)
	case "doctor":
		return fixed(familyNames()...)
	case "detect":
		return directories
	case "tap":
		return first(subjectNames()...)
	}
	return fixed()
}

func fixed(values ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		left := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return slices.Contains(args, v) })
		return left, cobra.ShellCompDirectiveNoFileComp
	}
}

// first completes one argument and no more.
func first(values ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return values, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeList completes the last of several components with commas between them.
func completeList(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndex(typed, ",")+1]
	var all []string
	for _, n := range sandbox.Names() {
		if !slices.Contains(strings.Split(before, ","), n) {
			all = append(all, before+n)
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func directories(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func files(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func runtimeNames() []string {
	var names []string
	for _, r := range runtimes.All() {
		names = append(names, r.Name)
	}
	return names
}

func familyNames() []string {
	var names []string
	for _, f := range runtimes.Families() {
		names = append(names, f.Name)
	}
	return names
}

func frameworkNames() []string {
	var names []string
	for _, f := range framework.All() {
		names = append(names, f.Name)
	}
	return names
}

func subjectNames() []string {
	var names []string
	any := strings.NewReplacer("<id>", "*", "<partition>", "*")
	for _, e := range protocol.Catalog() {
		names = append(names, any.Replace(e.Subject))
	}
	return names
}
