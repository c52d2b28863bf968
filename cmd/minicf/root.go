package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const about = `minicf is a mini Cloud Foundry in one binary: a NATS server, a fake cloud controller, a stager, a DEA, a router and a health manager, speaking
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
		Version: versionLine(), SuggestionsMinimumDistance: 2,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &coded{error: plainFlagError(err), code: exitUsage, hint: "see `" + c.CommandPath() + " --help`"}
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
	add(groupApps, s.pushCommand(), s.appsCommand(), s.appCommand(), s.scaleCommand(), s.startCommand(), s.stopCommand(), s.restartCommand(), s.rollbackCommand(), s.deleteCommand(),
		s.envCommand(), s.setEnvCommand(), s.unsetEnvCommand(), s.routesCommand(), s.mapRouteCommand(), s.unmapRouteCommand(), s.eventsCommand(), s.curlCommand(),
		s.detectCommand(), s.frameworksCommand(), s.runtimesCommand(), s.stageCommand())
	add(groupInspect, s.logsCommand(), s.filesCommand(), s.tapCommand(), s.statusCommand(), s.subjectsCommand(), s.configCommand(), s.conformCommand())
	add(groupComponents, s.componentCommands()...)
	root.AddCommand(s.versionCommand(), exitCodesTopic())
	root.SetHelpCommand(helpCommand(root))
	root.InitDefaultCompletionCmd()
	addCompletions(root)
	return root
}

// noArgs refuses arguments as a mistake in usage. Where commands are expected, it looks for the one that was meant.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "see `" + c.CommandPath() + " --help`"
	if !c.HasAvailableSubCommands() {
		return &coded{error: usageError("unknown argument %q for %q", args[0], c.CommandPath()), code: exitUsage, hint: hint}
	}
	c.SuggestionsMinimumDistance = 2 // letters to change
	if meant := c.SuggestionsFor(args[0]); len(meant) > 0 {
		hint = "did you mean " + strings.Join(meant, " or ") + "?"
	}
	return &coded{error: usageError("unknown command %q for %q", args[0], c.CommandPath()), code: exitUsage, hint: hint}
}

// plainFlagError says what is wrong with a flag in words that are not of a Go package.
func plainFlagError(err error) error {
	invalid, ok := errors.AsType[*pflag.InvalidValueError](err)
	if _, number := errors.AsType[*strconv.NumError](err); !ok || !number {
		return err
	}
	return fmt.Errorf("--%s %s: a number is wanted", invalid.GetFlag().Name, invalid.GetValue())
}

// helpCommand is `minicf help`, for which an unknown topic is a mistake.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about any command",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return commandNames(root, args), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			topic, rest, err := root.Find(args)
			if err != nil {
				return &coded{error: err, code: exitUsage}
			}
			if len(rest) > 0 {
				return noArgs(topic, rest)
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// commandNames are the commands below the one that args lead to.
func commandNames(root *cobra.Command, args []string) []string {
	parent, rest, err := root.Find(args)
	if err != nil || len(rest) > 0 {
		return nil
	}
	var names []string
	for _, c := range parent.Commands() {
		if c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand() {
			names = append(names, c.Name()+"\t"+c.Short)
		}
	}
	return names
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
