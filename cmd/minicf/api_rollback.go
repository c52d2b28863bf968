package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/client/cf"
)

func (s *session) rollbackCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "rollback APP", Short: "Run the droplet that an app had before", Args: oneApp,
		Long: "Run the droplet from before the one that an app has now. The last five are kept; what is newer stays, and another push or `cf set-droplet` leads back to it.",
	}
	return s.apiCommand(c, func(ctx context.Context, api *cf.Client, app cf.App, _ []string) error {
		before, err := dropletBefore(ctx, api, app)
		if err != nil {
			return err
		}
		s.say("Starting %s with the droplet of %s", app.Name, before.CreatedAt)
		return s.changeAPIApp(ctx, api, app, appChange{
			stopsFirst: true,
			api: func(ctx context.Context, api *cf.Client, app cf.App) error {
				if err := api.Use(ctx, app.GUID, before.GUID); err != nil {
					return err
				}
				return api.Restart(ctx, app.GUID)
			},
		})
	})
}

// dropletBefore is the youngest that is older than an app's current one.
func dropletBefore(ctx context.Context, api *cf.Client, app cf.App) (cf.Droplet, error) {
	all, err := api.Droplets(ctx, app.GUID)
	if err != nil {
		return cf.Droplet{}, err
	}
	current, err := api.Current(ctx, app.GUID)
	if err != nil {
		return cf.Droplet{}, err
	}
	for i, d := range all {
		if d.GUID == current.GUID && i+1 < len(all) {
			return all[i+1], nil
		}
	}
	return cf.Droplet{}, &coded{error: fmt.Errorf("no droplet of %s is older than its current one", app.Name), code: exitNotFound, hint: "each push makes one; the last five are kept"}
}
