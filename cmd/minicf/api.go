package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/minicf/minicf/client/cf"
)

// cf is the CF API of the running sandbox's controller. Who asks, and where, can be said in the environment.
func (s *session) cf(ctx context.Context) (*cf.Client, error) {
	url, err := s.controllerURL(ctx)
	if err != nil {
		return nil, err
	}
	return &cf.Client{
		URL: url, User: s.getenv("MINICF_USER"), Password: s.getenv("MINICF_PASSWORD"), Org: s.getenv("MINICF_ORG"), Space: s.getenv("MINICF_SPACE"),
	}, nil
}

// findApp looks for an app of the CF API by its name. There is none when the name is unknown to the API: it may be that of an app with a record from
// `minicf deploy --instances`.
func (s *session) findApp(ctx context.Context, name string) (api *cf.Client, app cf.App, found bool, err error) {
	if api, err = s.cf(ctx); err != nil {
		return nil, app, false, err
	}
	app, err = api.App(ctx, name)
	if err == nil {
		return api, app, true, nil
	}
	if missing, ok := errors.AsType[*cf.NotFoundError](err); ok && missing.What == "app" || noAPI(err) || s.recordStays(ctx, name, err) {
		return api, app, false, nil
	}
	return api, app, false, err
}

// noAPI reports whether a controller does not speak it, as one of somebody's making may not.
func noAPI(err error) bool {
	e, ok := errors.AsType[*cf.Error](err)
	return ok && e.Title == "" && (e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed)
}

// recordStays reports whether somebody who may not use the API means an app that is none of it.
func (s *session) recordStays(ctx context.Context, id string, err error) bool {
	if e, ok := errors.AsType[*cf.Error](err); !ok || e.Status != http.StatusUnauthorized {
		return false
	}
	controller, err := s.controller(ctx)
	if err != nil {
		return false
	}
	_, err = controller.Record(ctx, id)
	return err == nil
}
