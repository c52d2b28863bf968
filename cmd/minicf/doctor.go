package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/runtimes"
)

const doctorAbout = `Look for what apps need on this machine: Ruby with Sinatra, Node.js, Python, PHP, Java, Erlang, and the shell.

For what is missing it prints the one command that installs it; --install asks and runs it, --yes does not even ask. With
names of runtimes only these are looked at.`

func (s *session) doctorCommand() *cobra.Command {
	var install, yes bool
	c := &cobra.Command{
		Use: "doctor [RUNTIME…]", Short: "Check this machine for what apps need, and install it", Long: doctorAbout,
		Example: "  minicf doctor\n  minicf doctor ruby --install",
	}
	s.jsonFlag(c)
	c.Flags().BoolVar(&install, "install", false, "offer to install what is missing")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.RunE = func(c *cobra.Command, args []string) error {
		families, err := chosenFamilies(args)
		if err != nil {
			return err
		}
		d := diagnose(c.Context(), families)
		if err := s.printDiagnosis(d); err != nil {
			return err
		}
		if len(d.missing()) == 0 {
			return nil
		}
		if !install {
			return &coded{error: fmt.Errorf("missing: %s", strings.Join(d.missing(), ", ")), code: exitNotFound, hint: d.advice()}
		}
		return s.install(c.Context(), d, yes)
	}
	return c
}

// diagnosis is what the doctor found.
type diagnosis struct {
	statuses []runtimes.Status
	machine  runtimes.Machine
}

func chosenFamilies(names []string) ([]runtimes.Family, error) {
	all := runtimes.Families()
	if len(names) == 0 {
		return slices.DeleteFunc(all, func(f runtimes.Family) bool { return f.ForTests }), nil
	}
	var chosen []runtimes.Family
	var known []string
	for _, f := range all {
		known = append(known, f.Name)
		if slices.Contains(names, f.Name) {
			chosen = append(chosen, f)
		}
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, &coded{error: fmt.Errorf("there is no runtime %q to look for", n), code: exitUsage, hint: "there are " + strings.Join(known, ", ")}
		}
	}
	return chosen, nil
}

func diagnose(ctx context.Context, families []runtimes.Family) diagnosis {
	d := diagnosis{machine: runtimes.ThisMachine()}
	for _, f := range families {
		d.statuses = append(d.statuses, runtimes.Probe(ctx, runtimes.Run, f))
	}
	return d
}

func (d diagnosis) missing() []string {
	var names []string
	for _, st := range d.statuses {
		if !st.Found {
			names = append(names, st.Family)
		}
	}
	return names
}

func (d diagnosis) advice() string {
	if command, ok := d.machine.Install(d.missing()...); ok {
		return "install it with: " + command
	}
	return "install it with your system's package manager; minicf does not know how on this machine"
}

func (s *session) printDiagnosis(d diagnosis) error {
	command, _ := d.machine.Install(d.missing()...)
	if s.json {
		return s.printJSON(map[string]any{"runtimes": d.statuses, "missing": append([]string{}, d.missing()...), "install": command})
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, st := range d.statuses {
		if st.Found {
			fmt.Fprintf(w, "ok\t%s\t%s\t%s\n", st.Family, st.Version, st.Executable)
		} else {
			fmt.Fprintf(w, "MISSING\t%s\t%s\t%s\n", st.Family, st.Missing, st.Executable)
		}
	}
	return w.Flush()
}

// install runs the one command that installs what is missing, if the user agrees, and looks again.
func (s *session) install(ctx context.Context, d diagnosis, yes bool) error {
	command, ok := d.machine.Install(d.missing()...)
	if !ok {
		return &coded{error: fmt.Errorf("missing: %s", strings.Join(d.missing(), ", ")), code: exitNotFound, hint: d.advice()}
	}
	fmt.Fprintf(s.err, "%s missing. This installs it:\n    %s\n", strings.Join(d.missing(), ", "), command)
	if !yes {
		agreed, err := s.ask(ctx, "Run it now? [y/N] ")
		if err != nil {
			return err
		}
		if !agreed {
			return &coded{error: errors.New("nothing was installed"), code: exitNotFound, hint: "run the command above yourself, or answer y"}
		}
	}
	if err := s.shell(ctx, command); err != nil {
		return &coded{error: fmt.Errorf("install %s: %w", strings.Join(d.missing(), ", "), err), code: exitFailed, hint: "run it by hand to see more: " + command}
	}
	families, err := chosenFamilies(d.missing())
	if err != nil {
		return err
	}
	if again := diagnose(ctx, families).missing(); len(again) > 0 {
		return fmt.Errorf("still missing after the installation: %s", strings.Join(again, ", "))
	}
	return nil
}
