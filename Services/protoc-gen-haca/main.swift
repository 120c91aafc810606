HacaGenerator.main()
