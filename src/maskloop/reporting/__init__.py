"""Reports as one HTML file: judged images to curves, pictures and tables; knows no network and no widget."""
