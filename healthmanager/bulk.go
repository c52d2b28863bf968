package healthmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

const (
	credentialsTimeout = 5 * time.Second
	batchTimeout       = 10 * time.Second
	maxBatchBytes      = 64 << 20
)

// bulk reads from the controller which apps are wanted, in batches, over HTTP. The password comes over the bus.
type bulk struct {
	bus       *bus.Bus
	partition string
	size      int
	where     func() string // URL of the controller
	http      *http.Client

	mu  sync.Mutex
	who *protocol.Credentials // nil until asked for, and when they were refused
}

// errRefused is why a batch did not come when the password is not good any more: the controller has started anew.
var errRefused = errors.New("the password was refused")

// apps returns all apps, those that were deleted included.
func (b *bulk) apps(ctx context.Context) ([]protocol.BulkApp, error) {
	all, err := b.read(ctx)
	if errors.Is(err, errRefused) {
		b.forget()
		all, err = b.read(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("read which apps are wanted: %w", err)
	}
	return all, nil
}

func (b *bulk) read(ctx context.Context) ([]protocol.BulkApp, error) {
	who, err := b.credentials(ctx)
	if err != nil {
		return nil, err
	}
	var all []protocol.BulkApp
	for token := "{}"; ; {
		page, err := b.batch(ctx, who, token)
		if err != nil || len(page.Results) == 0 {
			return all, err
		}
		all = slices.AppendSeq(all, maps.Values(page.Results))
		if string(page.Token) == token {
			return nil, errors.New("the controller gives the same batch again and again")
		}
		token = string(page.Token)
	}
}

func (b *bulk) batch(ctx context.Context, who protocol.Credentials, token string) (protocol.BulkApps, error) {
	ctx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	query := url.Values{"batch_size": {strconv.Itoa(b.size)}, "bulk_token": {token}, "deleted": {"true"}}
	uri := strings.TrimSuffix(b.where(), "/") + "/bulk/apps"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri+"?"+query.Encode(), nil)
	if err != nil {
		return protocol.BulkApps{}, err
	}
	req.SetBasicAuth(who.User, who.Password)
	resp, err := b.http.Do(req)
	if err != nil {
		return protocol.BulkApps{}, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return protocol.BulkApps{}, errRefused
	default:
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return protocol.BulkApps{}, fmt.Errorf("get %s: %s %s", uri, resp.Status, strings.TrimSpace(string(text)))
	}
	var page protocol.BulkApps
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBatchBytes)).Decode(&page); err != nil {
		return page, fmt.Errorf("get %s: %w", uri, err)
	}
	return page, nil
}

// credentials asks the bus for the password, once.
func (b *bulk) credentials(ctx context.Context) (protocol.Credentials, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.who != nil {
		return *b.who, nil
	}
	call, err := protocol.BulkCredentials(b.partition)
	if err != nil {
		return protocol.Credentials{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, credentialsTimeout)
	defer cancel()
	who, err := bus.Do(ctx, b.bus, call, protocol.Ignored{})
	if err == nil {
		b.who = &who
	}
	return who, err
}

func (b *bulk) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.who = nil
}
