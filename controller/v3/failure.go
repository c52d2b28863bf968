package v3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/controller/bits"
)

// failure is an answer in the form of the CF API v3: {"errors":[{"code":…,"title":…,"detail":…}]}. The cf command prints the detail.
type failure struct {
	status int
	Code   int    `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

func (f failure) Error() string { return f.Detail }

// The failures that the cf command knows by their code or title.
func errNotAuthenticated() failure {
	return failure{http.StatusUnauthorized, 10002, "CF-NotAuthenticated", "Authentication error"}
}

func errInvalidToken() failure {
	return failure{http.StatusUnauthorized, 1000, "CF-InvalidAuthToken", "Invalid Auth Token"}
}

func errUnknownRequest() failure {
	return failure{http.StatusNotFound, 10000, "CF-NotFound", "Unknown request"}
}

// notFound is for what has another kind of name each: "App", "Route".
func notFound(what string) failure {
	return failure{http.StatusNotFound, 10010, "CF-ResourceNotFound", what + " not found. Ensure it exists and you have access to it."}
}

// unprocessable is a request that makes no sense as things are.
func unprocessable(format string, args ...any) failure {
	return failure{http.StatusUnprocessableEntity, 10008, "CF-UnprocessableEntity", fmt.Sprintf(format, args...)}
}

// badQuery is for what stands behind the ?.
func badQuery(format string, args ...any) failure {
	return failure{http.StatusBadRequest, 10005, "CF-BadQueryParameter", "The query parameter is invalid: " + fmt.Sprintf(format, args...)}
}

// unreadable is a body that is not what it should be.
func unreadable(format string, args ...any) failure {
	return failure{http.StatusBadRequest, 1001, "CF-MessageParseError", "Request invalid due to parse error: " + fmt.Sprintf(format, args...)}
}

// notHere is for what Cloud Foundry has and minicf has not.
func notHere(what string) failure {
	return unprocessable("minicf has no %s", what)
}

// explain makes an answer of any error. ours is true for those that nobody who asks is to blame for.
func explain(err error) (f failure, ours bool) {
	if f, ok := errors.AsType[failure](err); ok {
		return f, false
	}
	missing, noRecords := errors.AsType[*bus.NoRecordsError](err)
	_, large := errors.AsType[*bits.TooLargeError](err)
	_, silent := errors.AsType[*bits.StalledError](err)
	broken, cut := errors.AsType[*bits.BrokenError](err)
	switch {
	case noRecords:
		return unavailable(fmt.Sprintf("%v: %s", missing, missing.Hint())), false
	case large:
		return failure{http.StatusRequestEntityTooLarge, 10008, "CF-UnprocessableEntity", err.Error()}, false
	case silent:
		return failure{http.StatusRequestTimeout, 1001, "CF-MessageParseError", err.Error()}, false
	case cut:
		return unreadable("%v", broken), false
	case errors.Is(err, bits.ErrFull):
		return failure{http.StatusInsufficientStorage, 10001, "CF-UnknownError", err.Error()}, false
	case errors.Is(err, context.DeadlineExceeded):
		return unavailable("the records did not answer in time; try again"), false
	}
	return failure{http.StatusInternalServerError, 10001, "CF-UnknownError", "An unknown error occurred. The controller's log says more."}, true
}

func unavailable(detail string) failure {
	return failure{http.StatusServiceUnavailable, 10015, "CF-ServiceUnavailable", detail}
}
