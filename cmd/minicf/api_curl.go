package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/client/cf"
)

func (s *session) eventsCommand() *cobra.Command {
	c := &cobra.Command{Use: "events APP", Short: "List what was done with an app, the newest first", Args: oneApp}
	return s.apiCommand(c, func(ctx context.Context, api *cf.Client, app cf.App, _ []string) error {
		all, err := api.Events(ctx, app.GUID)
		if err != nil {
			return err
		}
		if s.json {
			return s.printJSON(all)
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "TIME\tEVENT\tBY")
		for _, e := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\n", e.CreatedAt.Local().Format(time.DateTime), strings.TrimPrefix(e.Type, "audit."), e.Actor.Name)
		}
		return w.Flush()
	})
}

func (s *session) curlCommand() *cobra.Command {
	var method, body string
	c := &cobra.Command{
		Use: "curl PATH", Short: "Ask the CF API whatever there is to ask", Args: exactly(1, "say which path, as /v3/apps"),
		Long:    "Make a request to the CF API as the user that minicf is, and print the answer as it comes. A bad answer is printed too, and makes the exit code 1.",
		Example: "  minicf curl /v3/apps | jq .\n  minicf curl /v3/domains -d '{\"name\":\"shop.test\"}'",
	}
	c.Flags().StringVarP(&method, "request", "X", "", "method (default: GET, or POST with --data)")
	c.Flags().StringVarP(&body, "data", "d", "", "JSON to send")
	c.RunE = func(c *cobra.Command, args []string) error {
		if !strings.HasPrefix(args[0], "/") {
			return usageError("%s is no path: want /v3/…", args[0])
		}
		if c.Flags().Changed("data") {
			method = cmp.Or(method, http.MethodPost)
		}
		ctx, stop := untilTold(c)
		defer stop()
		api, err := s.cf(ctx)
		if err != nil {
			return err
		}
		status, answer, err := api.Curl(ctx, cmp.Or(method, http.MethodGet), args[0], []byte(body))
		if err != nil {
			return err
		}
		if _, err := s.out.Write(answer); err != nil {
			return err
		}
		if status >= http.StatusBadRequest {
			return &coded{error: errors.New("the answer is " + fmt.Sprint(status) + " " + http.StatusText(status)), code: exitFailed}
		}
		return nil
	}
	return c
}
