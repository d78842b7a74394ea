package finedb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Home is what the folder of a product holds.
type Home struct {
	WebInf string   // its WEB-INF
	InUse  Source   // what the product reads
	Unused []Source // what it also has and does not read: the embedded database beside an external one
}

// below are the folders in which WEB-INF lies, seen from what an operator may name: WEB-INF itself, the web application,
// webapps, the product's own folder, or its folder with a Tomcat in it. A context may have another name than webroot.
var below = []string{"", "WEB-INF", "webroot/WEB-INF", "webapps/webroot/WEB-INF", "server/webapps/webroot/WEB-INF", "*/WEB-INF", "webapps/*/WEB-INF"}

// Places below WEB-INF.
const (
	externalPlace = "config/db.properties"
	embeddedPlace = "embed/finedb/db.script"
)

// Find tells what a product's folder has. An external database that config/db.properties names is in use, else the
// embedded one is.
func Find(dir string) (Home, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return Home{}, fmt.Errorf("reading %s: there is no such folder, or it may not be read; expected the folder of the product, which holds webapps/webroot/WEB-INF", dir)
	}
	var found []string
	for _, pattern := range below {
		dirs := []string{filepath.Join(dir, filepath.FromSlash(pattern))}
		if strings.Contains(pattern, "*") {
			dirs, _ = filepath.Glob(filepath.Join(escape(dir), filepath.FromSlash(pattern))) // the patterns are well-formed
		}
		for _, d := range dirs {
			if hasFineDB(d) && !slices.Contains(found, d) {
				found = append(found, d)
			}
		}
	}
	switch len(found) {
	case 0:
		return Home{}, fmt.Errorf("reading %s: found neither WEB-INF/%s nor WEB-INF/%s in it or below its webapps, expected the folder of the product", dir, externalPlace, embeddedPlace)
	case 1:
		return look(found[0])
	}
	return Home{}, fmt.Errorf("reading %s: found %d products: %s; expected one of them to be named", dir, len(found), strings.Join(found, ", "))
}

// hasFineDB tells whether one of the two is there, or cannot be seen: reading it then says why.
func hasFineDB(webInf string) bool {
	return slices.ContainsFunc([]string{externalPlace, embeddedPlace}, func(place string) bool {
		_, err := os.Stat(filepath.Join(webInf, filepath.FromSlash(place)))
		return err == nil || errors.Is(err, fs.ErrPermission)
	})
}

func look(webInf string) (Home, error) {
	h := Home{WebInf: webInf}
	embedded := Source{Kind: HSQLDB, Path: filepath.Join(webInf, filepath.FromSlash(embeddedPlace))}
	external := filepath.Join(webInf, filepath.FromSlash(externalPlace))
	if _, err := os.Stat(external); errors.Is(err, fs.ErrNotExist) {
		h.InUse = embedded
		return h, nil
	}
	var err error
	if h.InUse, err = readProperties(external, webInf); err != nil {
		return Home{}, err
	}
	if isFile(embedded.Path) && h.InUse.Path != embedded.Path {
		h.Unused = []Source{embedded}
	}
	return h, nil
}
