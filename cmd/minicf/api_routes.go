package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/client/cf"
)

// shownRoute is a name and where it leads.
type shownRoute struct {
	Name string   `json:"name"`
	URL  string   `json:"url,omitempty"` // through the router, when one runs here
	Apps []string `json:"apps"`
}

func (s *session) routesCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "routes", Short: "List the names that lead to apps", Args: noArgs,
		Long: "List the names that lead to apps, of the CF API and of those with a record, and the routes of the API that lead nowhere.",
	}
	s.jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := untilTold(c)
		defer stop()
		all, err := s.listRoutes(ctx)
		if err != nil {
			return err
		}
		if s.json {
			return s.printJSON(all)
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tAPPS\tURL")
		for _, r := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\n", r.Name, strings.Join(r.Apps, " "), r.URL)
		}
		return w.Flush()
	}
	return c
}

func (s *session) listRoutes(ctx context.Context) ([]shownRoute, error) {
	api, err := s.cf(ctx)
	if err != nil {
		return nil, err
	}
	apps, err := s.listApps(ctx)
	if err != nil {
		return nil, err
	}
	routes, err := api.Routes(ctx)
	if err != nil {
		return nil, err
	}
	all := []shownRoute{}
	for _, r := range routes {
		shown := shownRoute{Name: r.URL, Apps: []string{}, URL: firstOr(s.publicURLs([]string{r.URL}), "")}
		for _, a := range apps {
			if _, leads := r.LeadsTo(a.ID); leads {
				shown.Apps = append(shown.Apps, a.called())
			}
		}
		all = append(all, shown)
	}
	for _, a := range apps {
		for _, name := range a.URIs {
			if !a.OfAPI {
				all = append(all, shownRoute{name, firstOr(s.publicURLs([]string{name}), ""), []string{a.called()}})
			}
		}
	}
	return all, nil
}

func (s *session) mapRouteCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "map-route APP NAME", Short: "Have a name lead to an app", Args: exactly(2, "say which app, and the name"),
		Long:    "Have a name lead to an app, at once. One without a dot is a name in localhost, which needs no DNS.",
		Example: "  minicf map-route hello shop\n  minicf map-route hello shop.localhost",
	}
	return s.apiCommand(c, func(ctx context.Context, api *cf.Client, app cf.App, args []string) error {
		r, err := api.MapRoute(ctx, app.GUID, wholeName(args[0]))
		if err != nil {
			return err
		}
		if s.json {
			return s.printJSON(shownRoute{r.URL, firstOr(s.publicURLs([]string{r.URL}), ""), []string{app.Name}})
		}
		s.say("%s leads to %s", r.URL, app.Name)
		s.showURLs(s.publicURLs([]string{r.URL}))
		return nil
	})
}

func (s *session) unmapRouteCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "unmap-route APP NAME", Short: "Take a name away from an app", Args: exactly(2, "say which app, and the name"),
		Long: "Take a name away from an app. The route stays, and leads nowhere or to others.",
	}
	return s.apiCommand(c, func(ctx context.Context, api *cf.Client, app cf.App, args []string) error {
		name := wholeName(args[0])
		if err := api.UnmapRoute(ctx, app.GUID, name); err != nil {
			return err
		}
		if s.json {
			return s.printJSON(map[string]string{"app": app.Name, "unmapped": name})
		}
		s.say("%s leads to %s no more", name, app.Name)
		return nil
	})
}

// wholeName is a name with its domain.
func wholeName(name string) string {
	if strings.Contains(name, ".") {
		return name
	}
	return name + ".localhost"
}
