package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/conform"
	"github.com/minicf/minicf/conform/puppet"
	"github.com/minicf/minicf/conform/suite"
)

const conformAbout = `Test a component, in whatever language it is written, from outside: over the bus and HTTP.

Each case says what must hold and which paragraph of the protocol it comes from. The kit brings its own apps, downloads and
uploads, and stops what it has started. Where the originals of 2012 were wrong, their behaviour is known and no failure.

On a terminal the report is for people, elsewhere it is TAP. The exit code is 0 only when no required case fails.`

// conformFlags are what can be said to a test.
type conformFlags struct {
	match, format    string
	core, slow, list bool
	parallel         int
}

func (s *session) conformCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "conform", Short: "Test anybody's DEA or stager", Long: conformAbout, Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(s.conformDEA(), s.conformStager(), puppetCommand())
	return c
}

// puppetCommand is what the apps of the kit run.
func puppetCommand() *cobra.Command {
	return &cobra.Command{
		Use: "puppet URL [ARG…]", Short: "What the apps of the kit run", Hidden: true, DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			if code := puppet.Main(c.Context(), args); code != 0 {
				return &coded{error: errors.New("the puppet was told to end so"), code: code}
			}
			return nil
		},
	}
}

// conformFlags gives a command the flags that both tests have.
func (s *session) conformFlags(c *cobra.Command, f *conformFlags) {
	s.jsonFlag(c)
	flags := c.Flags()
	flags.StringVar(&f.match, "run", "", "only the cases whose names this regular expression finds")
	flags.StringVar(&f.format, "format", "", "how the report looks: text or tap")
	flags.BoolVar(&f.core, "core", false, "only the cases without which nothing works at all")
	flags.BoolVar(&f.slow, "slow", false, "also the cases that take a minute or more")
	flags.BoolVar(&f.list, "list", false, "list the cases and where they come from, and test nothing")
	flags.IntVar(&f.parallel, "parallel", 0, "how many cases at the same time (default 8)")
}

// options are what the flags of both tests ask for, of all cases that there are.
func (s *session) conformOptions(f conformFlags, all []suite.Case) (conform.Options, error) {
	o := conform.Options{CoreOnly: f.core, Slow: f.slow, Parallel: f.parallel}
	if f.match != "" {
		match, err := regexp.Compile(f.match)
		if err != nil {
			return o, &coded{error: fmt.Errorf("--run: %w", err), code: exitUsage}
		}
		o.Match = match
	}
	if len(chosen(all, o)) == 0 {
		return o, &coded{error: fmt.Errorf("--run %s: no case has such a name", f.match), code: exitUsage, hint: "--list shows them all"}
	}
	if f.parallel < 0 {
		return o, usageError("--parallel %d: a number above 0 is wanted", f.parallel)
	}
	for _, one := range strings.Split(s.nats, ",") {
		if u, err := url.Parse(one); err == nil && u.User != nil {
			if password, ok := u.User.Password(); ok {
				o.Secrets = append(o.Secrets, password)
			}
		}
	}
	program, err := os.Executable()
	o.Puppet = []string{program, "conform", "puppet"}
	return o, err
}

// reporter writes a report.
type reporter interface {
	conform.Progress
	End(conform.Report)
}

func (s *session) reporter(format string) (reporter, error) {
	switch {
	case s.json && format != "":
		return nil, usageError("--json and --format are two looks of the same report: choose one")
	case s.json:
		return conform.NewJSON(s.out), nil
	case format == "text", format == "" && s.onTerminal():
		return conform.NewText(s.out, s.colored(s.out)), nil
	case format == "tap", format == "":
		return conform.NewTAP(s.out), nil
	}
	return nil, &coded{error: fmt.Errorf("--format %s: there is no such look", format), code: exitUsage, hint: "it is text or tap"}
}

// test is conform.DEA or conform.Stager.
type test func(context.Context, *bus.Bus, conform.Options) (conform.Report, error)

// conform runs a test and reports.
func (s *session) conform(c *cobra.Command, o conform.Options, f conformFlags, run test) error {
	r, err := s.reporter(f.format)
	if err != nil {
		return err
	}
	o.Progress = r
	ctx, stop := demoSignals(c.Context())
	defer stop()
	s.lines = s.json
	return s.withBus(ctx, func(ctx context.Context, b *bus.Bus) error {
		report, err := run(ctx, b, o)
		if nobody, ok := errors.AsType[*conform.NobodyError](err); ok {
			return &coded{error: err, code: exitNotRunning, hint: nobody.Hint()}
		}
		if err != nil {
			return err
		}
		r.End(report)
		if !report.Passed() {
			return &coded{error: fmt.Errorf("the %s does not conform: %d required cases failed", report.Target.Kind, suite.Summarize(report.Results).Failed), code: exitFailed}
		}
		return nil
	})
}

// listCases writes the cases that would be run, one a line.
func (s *session) listCases(all []suite.Case, o conform.Options) error {
	if s.json {
		return s.printJSON(chosen(all, o))
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, c := range chosen(all, o) {
		level := string(c.Level)
		if c.Slow {
			level += ", slow"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.Name, level, c.Source, c.About)
	}
	return w.Flush()
}

// chosen are the cases that would be run.
func chosen(all []suite.Case, o conform.Options) []suite.Case {
	plan := suite.Plan{Match: o.Match, CoreOnly: o.CoreOnly}
	return slices.DeleteFunc(slices.Clone(all), func(c suite.Case) bool { return !plan.Wants(c) })
}
