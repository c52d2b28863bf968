package main

import (
	"github.com/spf13/cobra"
)

const about = `minicf is a mini Cloud Foundry in one binary: a NATS server, a fake cloud controller, a stager, a DEA and a router, speaking
the protocol of 2012 on your laptop.

  minicf demo        the whole story, from an app's source to its answer, told step by step
  minicf up          the platform, to play with: then try request-staging, deploy and tap`

// The groups of the help.
const (
	groupTutorial   = "tutorial"
	groupApps       = "apps"
	groupInspect    = "inspect"
	groupComponents = "components"
)

// newRoot builds the whole command tree. One line here is one command.
func newRoot(s *session) *cobra.Command {
	root := &cobra.Command{
		Use: "minicf", Short: "A mini Cloud Foundry in one binary", Long: about,
		SilenceErrors: true, SilenceUsage: true, Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &coded{error: err, code: exitUsage, hint: "see `" + c.CommandPath() + " --help`"}
	})
	flags := root.PersistentFlags()
	flags.StringVar(&s.dataDir, "data-dir", "", "where everything is kept (default $MINICF_HOME, ./.minicf beside a Procfile, or the XDG state dir)")
	flags.StringVar(&s.nats, "nats", "", "URL of the message bus (default: that of the sandbox running on the data dir)")
	flags.StringVar(&s.api, "api", "", "URL of the controller (default: that of the sandbox running on the data dir)")
	root.AddGroup(
		&cobra.Group{ID: groupTutorial, Title: "The tutorial:"},
		&cobra.Group{ID: groupApps, Title: "Apps:"},
		&cobra.Group{ID: groupInspect, Title: "Look inside:"},
		&cobra.Group{ID: groupComponents, Title: "Components, one process each:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupTutorial, s.demoCommand(), s.upCommand(), s.requestStagingCommand(), s.deployCommand(), s.doctorCommand())
	add(groupApps, s.detectCommand(), s.stageCommand())
	add(groupInspect, s.tapCommand(), s.statusCommand(), s.subjectsCommand(), s.configCommand())
	add(groupComponents, s.componentCommands()...)
	root.AddCommand(s.versionCommand(), exitCodesTopic())
	return root
}

// noArgs refuses arguments as a mistake in usage.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &coded{
			error: usageError("unknown argument %q for %q", args[0], c.CommandPath()), code: exitUsage,
			hint: "see `" + c.CommandPath() + " --help`",
		}
	}
	return nil
}

// atMostOne refuses more than one argument.
func atMostOne(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return noArgs(c, args[1:])
	}
	return nil
}

func exitCodesTopic() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodesText}
}
