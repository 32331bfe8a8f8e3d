# A tag template makes tag names.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| streams:
|   main: { tag: "v {version}", assets: [ a ] }
| targets: { site: { type: directory } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:4:16: 'tag' 'v {version}' of stream 'main' does not make a tag name: letters, digits and '._/+@-' around '{version}'
!       main: { tag: "v {version}", assets: [ a ] }
!                    ^
= 1
