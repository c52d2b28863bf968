package v3

import (
	"context"
	"net/http"
	"time"
)

// job is the outcome of something that was answered with 202. What is done here is done by then: a job is for the cf command, which waits for one.
type job struct {
	head
	Operation string   `json:"operation"`
	Failure   *failure `json:"failure,omitempty"`
}

// jobLifetime is how long a job can be asked for.
const jobLifetime = 24 * time.Hour

// async does something and answers with the job that tells how it went.
func (a *API) async(c *call, operation string, do func() error) error {
	j := job{head: newHead(), Operation: operation}
	if err := do(); err != nil {
		f, ours := explain(err)
		if ours || f.status != http.StatusUnprocessableEntity {
			return err
		}
		j.Failure = &f
	}
	if err := add(c.Context(), a.jobs, j); err != nil {
		return err
	}
	return c.accepted(j.GUID)
}

func (a *API) showJob(c *call) error {
	j, err := find(c.Context(), a.jobs, "Job", c.param("guid"))
	if err != nil {
		return err
	}
	state, failures := "COMPLETE", []failure{}
	if j.Failure != nil {
		state, failures = "FAILED", append(failures, *j.Failure)
	}
	return c.json(http.StatusOK, object{
		"guid": j.GUID, "created_at": stamp(j.CreatedAt), "updated_at": stamp(j.UpdatedAt), "operation": j.Operation,
		"state": state, "errors": failures, "warnings": []object{}, "links": object{"self": c.href("jobs", j.GUID)},
	})
}

// forgetOldJobs is done at each start.
func (a *API) forgetOldJobs(ctx context.Context) error {
	all, err := a.jobs.All(ctx)
	if err != nil {
		return err
	}
	for _, j := range all {
		if time.Since(j.CreatedAt) < jobLifetime {
			continue
		}
		if err := drop(ctx, a.jobs, j.GUID); err != nil {
			return err
		}
	}
	return nil
}
