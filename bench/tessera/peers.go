// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// serveHTTP answers POST /add with the index of the body once that is durable. It ends with its stdin.
func serveHTTP(ctx context.Context, appender *tessera.Appender) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	http.HandleFunc("POST /add", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		index, err := appender.Add(ctx, tessera.NewEntry(body))()
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%d", index.Index)
	})
	fmt.Printf("listening %s\n", listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fail(http.Serve(listener, nil))
}

func print(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(line))
}

// checkLog lets Tessera's fsck recompute a log that is static files.
func checkLog(ctx context.Context, dir, vkey string) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		fail(err)
	}
	before, _ := usage()
	checker := fsck.New(verifier.Name(), verifier, client.FileFetcher{Root: dir}, func(bundle []byte) ([][]byte, error) {
		entries := api.EntryBundle{}
		if err := entries.UnmarshalText(bundle); err != nil {
			return nil, err
		}
		hashes := make([][]byte, 0, len(entries.Entries))
		for _, entry := range entries.Entries {
			hash := sha256.Sum256(append([]byte{0}, entry...))
			hashes = append(hashes, hash[:])
		}
		return hashes, nil
	}, fsck.Opts{N: 1})
	if err := checker.Check(ctx); err != nil {
		fail(err)
	}
	after, rss := usage()
	print(map[string]any{"check_s": after - before, "rss_kb": rss})
}

// files reads tiles of height 8 as C2SP tlog-tiles names them.
type files struct{ dir string }

func (files) Height() int { return 8 }

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		width := uint8(0)
		if tile.W < 256 {
			width = uint8(tile.W)
		}
		path := layout.TilePath(uint64(tile.L), uint64(tile.N), width)
		bytes, err := os.ReadFile(filepath.Join(f.dir, path))
		if err != nil { // a partial tile may have become a full one
			bytes, err = os.ReadFile(filepath.Join(f.dir, layout.TilePath(uint64(tile.L), uint64(tile.N), 0)))
		}
		if err != nil {
			return nil, err
		}
		data[i] = bytes[:tile.W*tlog.HashSize]
	}
	return data, nil
}

func (files) SaveTiles([]tlog.Tile, [][]byte) {}

// proveFrom makes inclusion and consistency proofs with Go's sumdb/tlog from the same files.
func proveFrom(dir string, count int) {
	checkpoint, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		fail(err)
	}
	var size int64
	lines := strings.SplitN(string(checkpoint), "\n", 4)
	if _, err := fmt.Sscanf(lines[1], "%d", &size); err != nil {
		fail(err)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize || bytes.Equal(root, make([]byte, 32)) {
		fail(fmt.Errorf("no root in the checkpoint"))
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	reader := tlog.TileHashReader(tree, files{dir})
	state := uint64(88172645463325252)
	next := func() int64 {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		return int64(state % uint64(size))
	}
	cost := func(prove func(int64) error) float64 {
		var start float64
		for i := -count; i < count; i++ {
			if i == 0 {
				start, _ = usage()
			}
			if err := prove(next()); err != nil {
				fail(err)
			}
		}
		end, _ := usage()
		return (end - start) * 1e6 / float64(count)
	}
	inclusion := cost(func(n int64) error {
		_, err := tlog.ProveRecord(size, n, reader)
		return err
	})
	consistency := cost(func(n int64) error {
		_, err := tlog.ProveTree(size, n+1, reader)
		return err
	})
	print(map[string]any{"inclusion_us": inclusion, "consistency_us": consistency})
}
