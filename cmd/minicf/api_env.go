package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/client/cf"
)

func (s *session) envCommand() *cobra.Command {
	c := &cobra.Command{Use: "env APP", Short: "Show the variables that were set for an app", Args: oneApp}
	return s.apiCommand(c, func(ctx context.Context, api *cf.Client, app cf.App, _ []string) error {
		env, err := api.Env(ctx, app.GUID)
		if err != nil {
			return err
		}
		if s.json {
			return s.printJSON(env)
		}
		for _, name := range slices.Sorted(maps.Keys(env)) {
			fmt.Fprintf(s.out, "%s=%s\n", name, env[name])
		}
		return nil
	})
}

func (s *session) setEnvCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "set-env APP NAME VALUE", Short: "Set a variable, from the next start on", Args: exactly(3, "say which app, and which variable is what"),
		Example: "  minicf set-env hello COLOR blue && minicf restart hello",
	}
	return s.apiCommand(c, func(ctx context.Context, api *cf.Client, app cf.App, args []string) error {
		return s.setEnv(ctx, api, app, args[0], &args[1])
	})
}

func (s *session) unsetEnvCommand() *cobra.Command {
	c := &cobra.Command{Use: "unset-env APP NAME", Short: "Take a variable away, from the next start on", Args: exactly(2, "say which app, and which variable")}
	return s.apiCommand(c, func(ctx context.Context, api *cf.Client, app cf.App, args []string) error {
		return s.setEnv(ctx, api, app, args[0], nil)
	})
}

func (s *session) setEnv(ctx context.Context, api *cf.Client, app cf.App, name string, value *string) error {
	if err := api.SetEnv(ctx, app.GUID, name, value); err != nil {
		return err
	}
	if s.json {
		return s.printJSON(map[string]any{"app": app.Name, "name": name, "value": value})
	}
	if value == nil {
		s.say("%s is taken away from %s", name, app.Name)
	} else {
		s.say("%s is set for %s", name, app.Name)
	}
	if app.State == cf.Started {
		fmt.Fprintf(s.err, "  → `minicf restart %s` makes it so for what runs\n", app.Name)
	}
	return nil
}

// apiCommand makes a command of something that only apps of the CF API have. The arguments behind the app are handed on.
func (s *session) apiCommand(c *cobra.Command, do func(context.Context, *cf.Client, cf.App, []string) error) *cobra.Command {
	s.jsonFlag(c)
	c.ValidArgsFunction = s.completeApp
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, stop := untilTold(c)
		defer stop()
		api, app, found, err := s.findApp(ctx, args[0])
		switch {
		case err != nil:
			return err
		case found:
			return do(ctx, api, app, args[1:])
		}
		return &coded{
			error: &cf.NotFoundError{What: "app", Name: args[0], Place: api.Place()}, code: exitNotFound,
			hint: "`minicf apps` lists them; those of `minicf deploy` are changed by another `minicf deploy`",
		}
	}
	return c
}

// exactly wants so many arguments, none of them empty but the last.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > n {
			return noArgs(c, args[n:])
		}
		if len(args) < n || slices.Contains(args[:n-1], "") {
			return &coded{error: usageError("%s", what), code: exitUsage, hint: "`" + strings.TrimSuffix(c.UseLine(), " [flags]") + "`"}
		}
		return nil
	}
}
