package main

import (
	"context"
	"net/http"

	"github.com/gorilla/websocket"
)

// serveWebsocket says back what it hears, at /ws, with its version before.
func serveWebsocket(ctx context.Context, s settings) error {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", alive)
	mux.HandleFunc("GET /ws", func(w http.ResponseWriter, r *http.Request) {
		connection, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer connection.Close()
		for {
			kind, heard, err := connection.ReadMessage()
			if err != nil {
				return
			}
			if err := connection.WriteMessage(kind, append([]byte(s.version+" "), heard...)); err != nil {
				return
			}
		}
	})
	return serve(ctx, s, mux)
}
