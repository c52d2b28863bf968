package controller

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/minicf/minicf/protocol"
)

const (
	defaultBatch = 200
	maxBatch     = 10_000
	// deletedLifetime is how long it is known that an app was deleted. An instance of it that turns up later is one of an app that was
	// never known.
	deletedLifetime = 7 * 24 * time.Hour
)

// bulkApps is the part of all apps that comes after the token, in the order of their ids.
func (c *Controller) bulkApps(w http.ResponseWriter, r *http.Request) error {
	size, after, err := bulkQuery(r)
	if err != nil {
		return err
	}
	all, err := c.apps.All(r.Context())
	if err != nil {
		return err
	}
	deleted := r.URL.Query().Get("deleted") == "true"
	c.bury(r.Context(), all)
	all = slices.DeleteFunc(all, func(a app) bool { return a.ID <= after || a.deleted() && !deleted })
	slices.SortFunc(all, func(a, b app) int { return cmp.Compare(a.ID, b.ID) })
	all = all[:min(size, len(all))]
	page := protocol.BulkApps{Results: map[protocol.ID]protocol.BulkApp{}, Token: protocol.BulkToken("{}")}
	for _, a := range all {
		page.Results[protocol.ID(a.ID)] = bulkApp(a)
	}
	if len(all) > 0 {
		if page.Token, err = json.Marshal(bulkToken{all[len(all)-1].ID}); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, page)
	return nil
}

// bulkToken is where a batch ended.
type bulkToken struct {
	ID string `json:"id"`
}

func bulkQuery(r *http.Request) (size int, after string, err error) {
	size = defaultBatch
	if text := r.URL.Query().Get("batch_size"); text != "" {
		if size, err = strconv.Atoi(text); err != nil || size < 1 || size > maxBatch {
			return 0, "", badRequest("batch_size: want 1 to %d, not %q", maxBatch, text)
		}
	}
	var token bulkToken
	if text := r.URL.Query().Get("bulk_token"); text != "" {
		if err := json.Unmarshal([]byte(text), &token); err != nil {
			return 0, "", badRequest("bulk_token: want the one of the batch before")
		}
	}
	return size, token.ID, nil
}

func bulkApp(a app) protocol.BulkApp {
	return protocol.BulkApp{
		ID: protocol.ID(a.ID), Name: a.Name, Instances: protocol.Int(a.Instances), State: a.State, Framework: a.Framework, Runtime: a.Runtime,
		Memory: protocol.Int(a.Memory), PackageState: protocol.PackageStaged, UpdatedAt: a.UpdatedAt, Version: a.version(),
	}
}

// bury forgets apps that were deleted long ago.
func (c *Controller) bury(ctx context.Context, all []app) {
	old := func(a app) bool { return a.deleted() && time.Since(a.UpdatedAt) > deletedLifetime }
	for _, a := range all {
		if !old(a) {
			continue
		}
		if err := c.apps.Remove(ctx, a.ID, old); err != nil {
			c.log.Warn("deleted app was not forgotten", "app_id", a.ID, "error", err)
		}
	}
}

// bulkCounts says how many apps there are. Users there are none.
func (c *Controller) bulkCounts(w http.ResponseWriter, r *http.Request) error {
	count := 0
	switch model := r.URL.Query().Get("model"); model {
	case "user":
	case "app":
		all, err := c.apps.All(r.Context())
		if err != nil {
			return err
		}
		count = len(slices.DeleteFunc(all, app.deleted))
	default:
		return badRequest("model: want user or app, not %q", model)
	}
	writeJSON(w, http.StatusOK, map[string]any{"counts": map[string]int{r.URL.Query().Get("model"): count}})
	return nil
}
