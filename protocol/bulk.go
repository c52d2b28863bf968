package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The bulk API, over which the health manager of 2013 read from the cloud controller what is wanted:
//
//	GET /bulk/apps?batch_size=200&bulk_token={"id":"last"}  → BulkApps, in the order of ids; the last one is empty
//	GET /bulk/counts?model=app                              → {"counts":{"app":3}}
//
// It is HTTP with Basic auth; only the password travels on the bus.

// BulkCredentials asks the cloud controllers of a partition for user and password of the bulk API.
func BulkCredentials(partition string) (Call[Ignored, Credentials], error) {
	if !token(partition) {
		return "", fmt.Errorf("%q cannot be the name of a partition", partition)
	}
	return Call[Ignored, Credentials]("cloudcontroller.bulk.credentials." + partition), nil
}

// Credentials are those of the bulk API.
type Credentials struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// Validate demands a user.
func (c Credentials) Validate() error {
	if c.User == "" {
		return errors.New("user is missing")
	}
	return nil
}

// BulkApps is a batch of apps. With an empty one comes an empty token: that was all.
type BulkApps struct {
	Results map[ID]BulkApp `json:"results"`
	Token   BulkToken      `json:"bulk_token"`
}

// BulkToken says where a batch ended, and so where the next one begins. It is for nobody to understand but who gave it out.
type BulkToken = json.RawMessage

// What the cloud controller wants of an app.
const (
	AppStarted = "STARTED"
	AppStopped = "STOPPED"
	// AppDeleted is minicf's: an app that is gone and that is only listed when one asks with deleted=true. The health manager of 2013
	// took every app that it did not find for one that was deleted; here most were never known to the controller.
	AppDeleted = "DELETED"
)

// PackageStaged is the package_state of an app that has a droplet.
const PackageStaged = "STAGED"

// BulkApp is what is wanted of an app.
type BulkApp struct {
	ID           ID        `json:"id"`
	Name         string    `json:"name"`
	Instances    Int       `json:"instances"`
	State        string    `json:"state"`
	Framework    string    `json:"framework"`
	Runtime      string    `json:"runtime"`
	Memory       Int       `json:"memory"`        // MB, of each instance
	PackageState string    `json:"package_state"` // PENDING, STAGED or FAILED
	UpdatedAt    time.Time `json:"updated_at"`
	Version      Text      `json:"version"` // "<sha1>-<run count>"; without a droplet there is nothing before the dash
}
