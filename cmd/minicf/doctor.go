package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/runtimes"
)

const doctorAbout = `Look for what apps need on this machine: Ruby with Sinatra, Node.js, Python, PHP, Java, Erlang, and the shell.

For what is missing it prints the one command that installs it; --install asks and runs it, --yes does not even ask. With
names of runtimes only these are looked at. --json prints what was found, after an installation if there is one.`

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
		ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
		defer stop()
		d := diagnose(ctx, families)
		if err := ctx.Err(); err != nil {
			return err
		}
		return s.treat(ctx, d, install, yes)
	}
	return c
}

// treat prints what the doctor found. If the user wants to install what is missing, it does that first when the output
// is for programs, which then read what is so in the end.
func (s *session) treat(ctx context.Context, d diagnosis, install, yes bool) error {
	if len(d.missing()) == 0 || !install {
		if err := s.printDiagnosis(d); err != nil {
			return err
		}
		return s.unwell(d)
	}
	if !s.json {
		if err := s.printDiagnosis(d); err != nil {
			return err
		}
		return s.install(ctx, d, yes)
	}
	if err := s.install(ctx, d, yes); err != nil {
		return err
	}
	return s.printDiagnosis(diagnose(ctx, d.families))
}

// unwell is the error that something is missing, nil when nothing is.
func (s *session) unwell(d diagnosis) error {
	if len(d.missing()) == 0 {
		return nil
	}
	s.json = false // one document is out, and says the same: the error goes to standard error
	return &coded{error: fmt.Errorf("missing: %s", strings.Join(d.missing(), ", ")), code: exitNotFound, hint: d.advice()}
}

// diagnosis is what the doctor found.
type diagnosis struct {
	families []runtimes.Family
	statuses []runtimes.Status // of each
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
	d := diagnosis{families: families, machine: runtimes.ThisMachine()}
	for _, f := range families {
		d.statuses = append(d.statuses, runtimes.Probe(ctx, runtimes.Run, f))
	}
	return d
}

func (d diagnosis) missing() []string {
	names := []string{}
	for _, st := range d.statuses {
		if !st.Found {
			names = append(names, st.Family)
		}
	}
	return names
}

func (d diagnosis) installation() runtimes.Installation {
	var missing []runtimes.Family
	for i, st := range d.statuses {
		if !st.Found {
			missing = append(missing, d.families[i])
		}
	}
	return d.machine.Install(missing...)
}

// advice is what the user can do about what is missing.
func (d diagnosis) advice() string {
	var advice []string
	i := d.installation()
	if i.ByHand != "" {
		advice = append(advice, "install it with: "+i.ByHand)
	}
	if len(i.Unknown) > 0 {
		advice = append(advice, fmt.Sprintf("minicf knows no package of %s for this machine: look for one yourself", strings.Join(i.Unknown, ", ")))
	}
	return strings.Join(advice, "; ")
}

func (s *session) printDiagnosis(d diagnosis) error {
	if s.json {
		i := d.installation()
		return s.printJSON(map[string]any{
			"runtimes": d.statuses, "missing": d.missing(), "install": i.ByHand, "no_package": append([]string{}, i.Unknown...),
		})
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for _, st := range d.statuses {
		verdict, what := "ok", st.Version
		if !st.Found {
			verdict, what = "MISSING", st.Missing
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", verdict, st.Family, what, st.Executable)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(table.String()) {
		fmt.Fprintln(s.out, strings.TrimRight(line, " \n")) // what is missing has no path behind it
	}
	return nil
}

// install runs the one command that installs what is missing, if the user agrees, and looks again.
func (s *session) install(ctx context.Context, d diagnosis, yes bool) error {
	if err := ctx.Err(); err != nil {
		return err // interrupted while it looked; what it did not get to look at is not missing
	}
	missing, i := strings.Join(d.missing(), ", "), d.installation()
	if i.Command == "" {
		return &coded{error: fmt.Errorf("missing: %s", missing), code: exitNotFound, hint: d.advice()}
	}
	fmt.Fprintf(s.err, "%s missing. %s:\n    %s\n", missing, installs(i), i.Command)
	if !yes {
		agreed, err := s.ask(ctx, "Run it now? [y/N] ")
		if err != nil {
			return err
		}
		if !agreed {
			return &coded{error: errors.New("nothing was installed"), code: exitNotFound, hint: "run it yourself, or answer y: " + i.ByHand}
		}
	}
	err := s.shell(ctx, i.Command)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return &coded{error: fmt.Errorf("install %s: %w", missing, err), code: exitFailed, hint: "run it by hand to see more: " + i.ByHand}
	}
	return s.lookAgain(ctx, d)
}

// installs introduces the command, and says what it is not able to install.
func installs(i runtimes.Installation) string {
	if len(i.Unknown) > 0 {
		return "This installs all but " + strings.Join(i.Unknown, ", ")
	}
	return "This installs it"
}

// lookAgain says what is there after an installation that was not there before.
func (s *session) lookAgain(ctx context.Context, before diagnosis) error {
	after := diagnose(ctx, before.families)
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, st := range after.statuses {
		if st.Found && !before.statuses[i].Found {
			fmt.Fprintf(s.err, "%s is there now: %s, %s\n", st.Family, st.Version, st.Executable)
		}
	}
	if missing := after.missing(); len(missing) > 0 {
		return &coded{
			error: fmt.Errorf("still missing after the installation: %s", strings.Join(missing, ", ")),
			code:  exitNotFound, hint: after.advice(),
		}
	}
	return nil
}
