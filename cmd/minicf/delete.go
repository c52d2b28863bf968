package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/client"
)

func (s *session) deleteCommand() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use: "delete APP", Short: "Stop an app and forget it, its droplet and its package", Args: oneApp,
		Long: "Stop an app and forget it, its droplet and its package, and the routes that led to nothing else. It is over when its instances are gone, and the router knows its names no more. On a terminal it asks first; --force does not.",
	}
	s.jsonFlag(c)
	c.ValidArgsFunction = s.completeApp
	c.Flags().BoolVarP(&force, "force", "f", false, "do not ask")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, stop := untilTold(c)
		defer stop()
		api, app, found, err := s.findApp(ctx, args[0])
		if err != nil {
			return err
		}
		if !force && s.onTerminal() {
			sure, err := s.ask(ctx, fmt.Sprintf("Delete %s? [y/N] ", args[0]))
			if err != nil || !sure {
				return err
			}
		}
		if found {
			return s.deleteAPIApp(ctx, api, app)
		}
		return s.withPlatform(ctx, func(ctx context.Context, p *platform) error { return s.deleteApp(ctx, p, args[0]) })
	}
	return c
}

// deleteApp returns when no instance is left.
func (s *session) deleteApp(ctx context.Context, p *platform, id string) error {
	w, err := client.Watch(ctx, p.bus, id)
	if err != nil {
		return err
	}
	defer w.Stop()
	if err := p.api.DeleteApp(ctx, id); err != nil {
		return s.recordFailure(id, err)
	}
	patient, cancel := context.WithTimeout(ctx, stopWait)
	defer cancel()
	if err := w.Gone(patient, 0); err != nil {
		return err
	}
	if s.json {
		return s.printJSON(map[string]string{"deleted": id})
	}
	s.say("%s is deleted", id)
	return nil
}
