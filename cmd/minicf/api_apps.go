package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/client/cf"
)

// listedApp is an app that the controller wants to run.
type listedApp struct {
	client.Record
	OfAPI bool `json:"cf_api"` // it goes by its name, and its id is a GUID
}

// called is what commands know the app by.
func (a listedApp) called() string {
	if a.OfAPI {
		return a.Name
	}
	return a.ID
}

// listApps are the apps of the CF API, and then those that only have a record.
func (s *session) listApps(ctx context.Context) ([]listedApp, error) {
	controller, err := s.controller(ctx)
	if err != nil {
		return nil, err
	}
	records, err := controller.Records(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[string]client.Record{}
	for _, r := range records {
		byID[r.ID] = r
	}
	all, err := s.listAPIApps(ctx, byID)
	if e, refused := errors.AsType[*cf.Error](err); refused && (e.Status == http.StatusUnauthorized || noAPI(err)) {
		fmt.Fprintf(s.err, "  ! the apps of the CF API are missing: %v\n", err)
	} else if err != nil {
		return nil, err
	}
	for _, a := range all {
		delete(byID, a.ID)
	}
	for _, r := range records {
		if _, left := byID[r.ID]; left {
			all = append(all, listedApp{Record: r})
		}
	}
	return all, nil
}

// listAPIApps adds to apps how many instances run, which their records know.
func (s *session) listAPIApps(ctx context.Context, records map[string]client.Record) ([]listedApp, error) {
	all := []listedApp{}
	api, err := s.cf(ctx)
	if err != nil {
		return all, err
	}
	apps, err := api.Apps(ctx)
	if err != nil || len(apps) == 0 {
		return all, err
	}
	processes, err := api.Processes(ctx)
	if err != nil {
		return all, err
	}
	routes, err := api.Routes(ctx)
	if err != nil {
		return all, err
	}
	for _, a := range apps {
		r, p := records[a.GUID], processes[a.GUID]
		r.ID, r.Name, r.State, r.Instances, r.Memory, r.Disk = a.GUID, a.Name, a.State, p.Instances, p.Memory, p.Disk
		r.CreatedAt, r.UpdatedAt, r.URIs = a.CreatedAt, a.UpdatedAt, []string{}
		if a.State == cf.Stopped {
			r.Running = new(int)
		}
		for _, route := range routes {
			if _, leads := route.LeadsTo(a.GUID); leads {
				r.URIs = append(r.URIs, route.URL)
			}
		}
		all = append(all, listedApp{r, true})
	}
	return all, nil
}

// shownApp is one app, for programs.
type shownApp struct {
	listedApp
	URLs     []string      `json:"urls"`
	Kind     string        `json:"kind,omitempty"` // framework and runtime
	Statuses []cf.Instance `json:"statuses"`       // of its instances; none of an app that only has a record
}

func (s *session) appCommand() *cobra.Command {
	c := &cobra.Command{Use: "app APP", Short: "Show how an app and its instances do", Args: oneApp}
	s.jsonFlag(c)
	c.ValidArgsFunction = s.completeApp
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, stop := untilTold(c)
		defer stop()
		shown, err := s.showApp(ctx, args[0])
		if err != nil {
			return err
		}
		if s.json {
			return s.printJSON(shown)
		}
		return s.printApp(shown)
	}
	return c
}

func (s *session) showApp(ctx context.Context, name string) (shownApp, error) {
	all, err := s.listApps(ctx)
	if err != nil {
		return shownApp{}, err
	}
	for _, a := range all {
		if a.called() != name && !(a.OfAPI && strings.EqualFold(a.Name, name)) {
			continue
		}
		shown := shownApp{listedApp: a, URLs: s.publicURLs(a.URIs), Statuses: []cf.Instance{}}
		if !a.OfAPI {
			shown.Kind = a.Framework + " on " + a.Runtime
			return shown, nil
		}
		api, err := s.cf(ctx)
		if err != nil {
			return shown, err
		}
		if d, err := api.Current(ctx, a.ID); err == nil { // an app may have no droplet
			shown.Kind = d.Kind()
		}
		shown.Statuses, err = api.Instances(ctx, a.ID)
		return shown, err
	}
	return shownApp{}, s.recordFailure(name, &client.HTTPError{Status: http.StatusNotFound})
}

func (s *session) printApp(a shownApp) error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "name\t%s\nstate\t%s\ninstances\t%s\nmemory\t%d MB\nkind\t%s\nurls\t%s\n",
		a.called(), a.State, running(a.Record), a.Memory, a.Kind, strings.Join(a.URLs, " "))
	if err := w.Flush(); err != nil || len(a.Statuses) == 0 {
		return err
	}
	fmt.Fprintln(s.out)
	fmt.Fprintln(w, "INDEX\tSTATE\tUPTIME\tCPU\tMEMORY\tDISK\tDETAILS")
	for _, in := range a.Statuses {
		fmt.Fprintf(w, "%d\t%s\t%s\t%.1f %%\t%s of %s\t%s of %s\t%s\n", in.Index, in.State, time.Duration(in.Uptime)*time.Second,
			in.Usage.CPU*100, sizeOf(in.Usage.Mem), sizeOf(in.MemQuota), sizeOf(in.Usage.Disk), sizeOf(in.DiskQuota), in.Details)
	}
	return w.Flush()
}
